'use client'

import { ConfirmDialog } from '#components/ui/confirm-dialog.tsx'
import { clockOf } from '../history/timeline.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { cutOff, undoRun } from './actions.ts'
import { runsOf } from './runs.ts'

/** Asks before an agent is cut off. */
export function CutAgentDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const workbench = useWorkbench()
  const state = useStore(workbench.agents.state)
  const connection = state.kind === 'ready' ? state.connections.find((one) => one.id === id) : undefined
  const client = connection?.client ?? 'This agent'
  return (
    <ConfirmDialog
      title={`Cut off ${client}?`}
      description="What it is doing ends at once, and its next call is refused. It can come back when somebody lets it in again."
      verb="Cut off"
      isDanger
      onClose={onClose}
      onConfirm={() => void cutOff(workbench, id, client)}
    />
  )
}

/** Asks before a run is undone. */
export function UndoRunDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const workbench = useWorkbench()
  const state = useStore(workbench.agents.state)
  const run = runsOf(state.kind === 'ready' ? state.calls : []).find((one) => one.id === id)
  const when = run === undefined ? '' : ` ${run.client} began at ${clockOf(run.startedAt)}.`
  return (
    <ConfirmDialog
      title="Undo this run?"
      description={`The project and the home folder become what they were before the run.${when} What people changed since goes back too. Terminals and programs go on running.`}
      verb="Undo the run"
      onClose={onClose}
      onConfirm={() => void undoRun(workbench, id)}
    >
      <p className="text-sm text-soft">What is there now is kept as a snapshot first, so that you can undo this.</p>
    </ConfirmDialog>
  )
}
