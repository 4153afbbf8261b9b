'use client'

import { Button } from '#components/ui/button.tsx'
import { CopyButton } from '#components/ui/copy-button.tsx'
import { Dialog } from '#components/ui/dialog.tsx'

interface TextDialogProps {
  /** Of the terminal. */
  name: string
  text: string
  onClose: () => void
}

/** A terminal's output as text: to be copied by touch, or read line by line. */
export function TextDialog({ name, text, onClose }: TextDialogProps) {
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={`Text of ${name}`}
      description={text === '' ? 'Nothing has been printed yet.' : 'As it is now. Select a part of it, or copy it all.'}
      width="lg"
      footer={
        <>
          <Button onClick={onClose}>Close</Button>
          <CopyButton data-autofocus text={text} label="Copy all" variant="primary" disabled={text === ''} />
        </>
      }
    >
      {text !== '' && (
        <textarea
          readOnly
          aria-label={`Text of ${name}`}
          value={text}
          rows={16}
          // The newest is at the end.
          ref={(element) => element?.scrollTo({ top: element.scrollHeight })}
          className="w-full resize-none rounded-md border border-line bg-canvas p-3 font-mono text-xs text-soft"
        />
      )}
    </Dialog>
  )
}
