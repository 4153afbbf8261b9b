'use client'

import { useState } from 'react'
import { Trash2, Undo2 } from 'lucide-react'
import { Button } from '#components/ui/button.tsx'
import { IconButton } from '#components/ui/icon-button.tsx'
import type { SnapshotView } from '#server/repls/history.ts'
import { formatAgo } from '../format.ts'
import { useRepl, useStore, useWorkbench } from '../use-workbench.tsx'
import { recall } from './actions.ts'
import { clockOf, titleOf } from './timeline.ts'

/** What somebody forgot, and the way back while there is one. */
export function ForgottenSnapshots({ snapshots }: { snapshots: readonly SnapshotView[] }) {
  const workbench = useWorkbench()
  const { role } = useRepl()
  const busy = useStore(workbench.history.busy)
  const [now] = useState(() => Date.now())
  if (snapshots.length === 0) return null
  return (
    <details className="mt-3 border-t border-line">
      <summary className="cursor-pointer px-4 py-2 text-xs text-muted">
        Forgotten ({snapshots.length}): gone after 7 days
      </summary>
      <ul aria-label="Forgotten snapshots">
        {snapshots.map((snapshot) => (
          <li key={snapshot.id} className="flex items-center gap-1 py-1 pl-4 pr-1.5">
            <span className="min-w-0 grow">
              <span className="block truncate text-soft">{titleOf(snapshot)}</span>
              <span className="block truncate text-xs text-muted tabular-nums">
                {clockOf(snapshot.savedAt)} · forgotten {formatAgo(snapshot.forgottenAt ?? now, now)}
              </span>
            </span>
            <Button
              size="sm"
              variant="ghost"
              isBusy={busy === snapshot.id}
              aria-label={`Put back ${titleOf(snapshot)}`}
              onClick={() => void recall(workbench, snapshot.id)}
            >
              <Undo2 aria-hidden size={14} strokeWidth={1.5} />
              Put back
            </Button>
            {role === 'owner' && (
              <IconButton
                label={`Delete ${titleOf(snapshot)} for good`}
                onClick={() => workbench.overlay.set({ kind: 'remove-snapshot', snapshot })}
              >
                <Trash2 aria-hidden />
              </IconButton>
            )}
          </li>
        ))}
      </ul>
    </details>
  )
}
