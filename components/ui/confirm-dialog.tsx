'use client'

import type { ReactNode } from 'react'
import { Button } from '#components/ui/button.tsx'
import { Dialog } from '#components/ui/dialog.tsx'

interface ConfirmDialogProps {
  title: string
  description: string
  /** What is done, on the button that does it. */
  verb: string
  /** Something ends or goes for good: Enter alone does not do it. */
  isDanger?: boolean
  onClose: () => void
  onConfirm: () => void
  children?: ReactNode
}

/** Asks before something is done that somebody may not have meant. */
export function ConfirmDialog({
  title,
  description,
  verb,
  isDanger = false,
  onClose,
  onConfirm,
  children,
}: ConfirmDialogProps) {
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={title}
      description={description}
      width="sm"
      footer={
        <>
          <Button data-autofocus={isDanger || undefined} onClick={onClose}>
            Cancel
          </Button>
          <Button
            data-autofocus={!isDanger || undefined}
            variant={isDanger ? 'danger' : 'primary'}
            onClick={() => {
              onClose()
              onConfirm()
            }}
          >
            {verb}
          </Button>
        </>
      }
    >
      {children}
    </Dialog>
  )
}
