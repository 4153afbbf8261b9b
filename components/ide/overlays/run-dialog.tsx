'use client'

import { useId, useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { Dialog } from '#components/ui/dialog.tsx'
import { Input } from '#components/ui/input.tsx'
import { useStore, useWorkbench } from '../use-workbench.tsx'

const MAX_PORT = 65_535

/** What the Run button runs, and where to look for it afterwards. */
export function RunDialog({ onClose }: { onClose: () => void }) {
  const workbench = useWorkbench()
  const run = useStore(workbench.run.state)
  const [command, setCommand] = useState(run?.command ?? '')
  const [port, setPort] = useState(run?.port === undefined ? '' : String(run.port))
  const id = useId()
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="What Run does"
      description="Kept in .devex.json, so that it travels with the project."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={`${id}-form`} variant="primary" disabled={command.trim() === ''}>
            Save
          </Button>
        </>
      }
    >
      <form
        id={`${id}-form`}
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          onClose()
          void workbench.attempt(() => workbench.run.configure(command.trim(), port === '' ? undefined : Number(port)))
        }}
      >
        <label htmlFor={`${id}-command`} className="flex flex-col gap-1 text-sm font-medium">
          Command
          <Input
            data-autofocus
            id={`${id}-command`}
            value={command}
            spellCheck={false}
            className="font-mono font-normal"
            placeholder="npm run dev"
            onChange={(event) => setCommand(event.target.value)}
          />
        </label>
        <label htmlFor={`${id}-port`} className="flex flex-col gap-1 text-sm font-medium">
          Port
          <Input
            id={`${id}-port`}
            type="number"
            min={1}
            max={MAX_PORT}
            value={port}
            className="w-32! font-normal"
            placeholder="none"
            onChange={(event) => setPort(event.target.value)}
          />
          <span className="text-xs font-normal text-muted">The preview opens when the program listens here.</span>
        </label>
      </form>
    </Dialog>
  )
}
