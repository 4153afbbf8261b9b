'use client'

import { Button } from '#components/ui/button.tsx'
import { Dialog } from '#components/ui/dialog.tsx'

const SHOWN_CHARACTERS = 2000

interface PasteDialogProps {
  text: string
  onConfirm: () => void
  onClose: () => void
}

/** Several lines pasted into a shell may run at once: asks first. */
export function PasteDialog({ text, onConfirm, onClose }: PasteDialogProps) {
  const lines = text.trimEnd().split('\n').length
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={`Paste ${lines} lines into the terminal?`}
      description="Each line may run as soon as it is pasted."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            data-autofocus
            variant="primary"
            onClick={() => {
              onClose()
              onConfirm()
            }}
          >
            Paste
          </Button>
        </>
      }
    >
      <pre className="max-h-60 overflow-auto rounded-md bg-canvas p-3 font-mono text-xs text-soft">
        {text.slice(0, SHOWN_CHARACTERS)}
        {text.length > SHOWN_CHARACTERS && ' …'}
      </pre>
    </Dialog>
  )
}
