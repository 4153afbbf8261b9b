'use client'

import { Undo2 } from 'lucide-react'
import { Button } from '#components/ui/button.tsx'
import { clockOf } from '../history/timeline.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { CallRow } from './call-row.tsx'
import type { Run } from './runs.ts'

/** What one agent did without a pause, newest first, and the way back to before it. */
export function RunSection({ run }: { run: Run }) {
  const workbench = useWorkbench()
  const busy = useStore(workbench.agents.busy)
  const { id, client, startedAt, calls } = run
  const title = `${client}, ${clockOf(startedAt)}`
  return (
    <section aria-label={title} className="pt-3">
      <div className="flex min-h-7 items-center gap-2 pl-4 pr-2">
        <h3 className="min-w-0 grow text-xs text-muted tabular-nums">
          <span className="block truncate font-medium text-soft">{client}</span>
          <span className="block truncate">
            {`${clockOf(startedAt)} · ${calls.length} ${calls.length === 1 ? 'call' : 'calls'}`}
          </span>
        </h3>
        {run.isUndoable && workbench.repl.canEdit && (
          <Button
            variant="ghost"
            size="sm"
            isBusy={busy === id}
            aria-label={`Undo this run: ${title}`}
            onClick={() => workbench.overlay.set({ kind: 'undo-run', run: id })}
          >
            <Undo2 aria-hidden size={14} strokeWidth={1.5} />
            Undo this run
          </Button>
        )}
      </div>
      <ol reversed>
        {calls.map((call) => (
          <CallRow key={call.id} call={call} />
        ))}
      </ol>
    </section>
  )
}
