'use client'

import { useId, useState } from 'react'
import { nameProblem } from '#components/name-problem.ts'
import { Button } from '#components/ui/button.tsx'
import { Dialog } from '#components/ui/dialog.tsx'
import { Input } from '#components/ui/input.tsx'
import { useRepl, useWorkbench } from '../use-workbench.tsx'

/** Another name for the REPL. Its address stays. */
export function RenameDialog({ onClose }: { onClose: () => void }) {
  const workbench = useWorkbench()
  const { name } = useRepl()
  const [text, setText] = useState(name)
  const formId = useId()
  const [problem, setProblem] = useState<string>()
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
          const found = nameProblem(text)
          setProblem(found)
          if (found !== undefined) return
          onClose()
          void workbench.repl.rename(text.trim())
        }}
      >
        <Input
          data-autofocus
          aria-label="Name"
          value={text}
          aria-invalid={problem !== undefined || undefined}
          aria-describedby={problem === undefined ? undefined : `${formId}-problem`}
          onChange={(event) => {
            setText(event.target.value)
            setProblem(undefined)
          }}
        />
        {problem !== undefined && (
          <p id={`${formId}-problem`} role="alert" className="mt-1.5 text-xs text-failed">
            {problem}
          </p>
        )}
      </form>
    </Dialog>
  )
}
