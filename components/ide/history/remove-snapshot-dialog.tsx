'use client'

import { ConfirmDialog } from '#components/ui/confirm-dialog.tsx'
import type { SnapshotView } from '#server/repls/history.ts'
import { useWorkbench } from '../use-workbench.tsx'
import { removeForGood } from './actions.ts'
import { clockOf, titleOf } from './timeline.ts'

/** Asks before a forgotten snapshot is removed for good. */
export function RemoveSnapshotDialog({ snapshot, onClose }: { snapshot: SnapshotView; onClose: () => void }) {
  const workbench = useWorkbench()
  return (
    <ConfirmDialog
      title={`Delete “${titleOf(snapshot)}” for good?`}
      description={`What the files were at ${clockOf(snapshot.savedAt)} cannot be brought back after this.`}
      verb="Delete for good"
      isDanger
      onClose={onClose}
      onConfirm={() => void removeForGood(workbench, snapshot.id)}
    />
  )
}
