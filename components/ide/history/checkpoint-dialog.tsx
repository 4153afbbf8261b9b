'use client'

import { useId, useState } from 'react'
import { nameProblem } from '#components/name-problem.ts'
import { Button } from '#components/ui/button.tsx'
import { Dialog } from '#components/ui/dialog.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input } from '#components/ui/input.tsx'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { nameSnapshot, takeCheckpoint } from './actions.ts'
import { clockOf } from './timeline.ts'

/** A name for the files as they are now, or for a snapshot that was taken before (`id`). */
export function CheckpointDialog({ id, onClose }: { id?: string | undefined; onClose: () => void }) {
  const workbench = useWorkbench()
  const state = useStore(workbench.history.state)
  const known = state.kind === 'ready' ? state.snapshots.find((snapshot) => snapshot.id === id) : undefined
  const [text, setText] = useState(() => known?.name ?? (id === undefined ? `Checkpoint ${clockOf(Date.now())}` : ''))
  const [problem, setProblem] = useState<string>()
  const formId = useId()
  const submit = (): void => {
    const name = text.trim()
    const found = nameProblem(name)
    setProblem(found)
    if (found !== undefined) return
    onClose()
    void (id === undefined ? takeCheckpoint(workbench, name) : nameSnapshot(workbench, id, name))
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={id === undefined ? 'Take a checkpoint' : 'Keep this snapshot'}
      description="What has a name is kept until you take it off; other snapshots are thinned out over time."
      width="sm"
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={formId} variant="primary" disabled={text.trim() === ''}>
            {id === undefined ? 'Take checkpoint' : 'Keep'}
          </Button>
        </>
      }
    >
      <form
        id={formId}
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          submit()
        }}
      >
        <Field label="Name" error={problem}>
          {(control) => (
            <Input
              {...control}
              data-autofocus
              autoComplete="off"
              value={text}
              onFocus={(event) => event.target.select()}
              onChange={(event) => {
                setText(event.target.value)
                setProblem(undefined)
              }}
            />
          )}
        </Field>
      </form>
    </Dialog>
  )
}
