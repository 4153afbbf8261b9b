'use client'

import { useId, useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { Dialog } from '#components/ui/dialog.tsx'
import { Input } from '#components/ui/input.tsx'
import { MAX_DISPLAY_NAME_CHARS } from '#protocol/limits.ts'
import { useRepl, useWorkbench } from '../use-workbench.tsx'

/** Another name for the REPL. Its address stays. */
export function RenameDialog({ onClose }: { onClose: () => void }) {
  const workbench = useWorkbench()
  const { name } = useRepl()
  const [text, setText] = useState(name)
  const formId = useId()
  const isUsable = text.trim() !== ''
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Rename REPL"
      description="Its address stays as it is."
      width="sm"
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={formId} variant="primary" disabled={!isUsable}>
            Rename
          </Button>
        </>
      }
    >
      <form
        id={formId}
        onSubmit={(event) => {
          event.preventDefault()
          onClose()
          void workbench.repl.rename(text.trim())
        }}
      >
        <Input
          data-autofocus
          aria-label="Name"
          value={text}
          maxLength={MAX_DISPLAY_NAME_CHARS}
          onChange={(event) => setText(event.target.value)}
        />
      </form>
    </Dialog>
  )
}
