'use client'

import { Button } from '#components/ui/button.tsx'
import { Dialog } from '#components/ui/dialog.tsx'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { bringBack } from './actions.ts'
import { clockOf, titleOf } from './timeline.ts'

/** Asks before everything is brought back. */
export function RestoreDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const workbench = useWorkbench()
  const state = useStore(workbench.history.state)
  const snapshot = state.kind === 'ready' ? state.snapshots.find((one) => one.id === id) : undefined
  const what = snapshot === undefined ? 'this snapshot' : `“${titleOf(snapshot)}” of ${clockOf(snapshot.savedAt)}`
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Restore all files?"
      description={`The project and the home folder become what they were in ${what}. Terminals and programs go on running.`}
      width="sm"
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            data-autofocus
            variant="primary"
            onClick={() => {
              onClose()
              void bringBack(workbench, { id })
            }}
          >
            Restore
          </Button>
        </>
      }
    >
      <p className="text-sm text-soft">What is there now is kept as a snapshot first, so that you can undo this.</p>
    </Dialog>
  )
}
