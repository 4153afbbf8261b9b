'use client'

import { ChevronRight, Undo2 } from 'lucide-react'
import { Button } from '#components/ui/button.tsx'
import { cx } from '#components/ui/cx.ts'
import { SnapshotChanges } from '../history/snapshot-changes.tsx'
import { clockOf } from '../history/timeline.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { CallRow } from './call-row.tsx'
import type { Run } from './runs.ts'

/** What one agent did without a pause, newest first, what changed since, and the way back to before it. */
export function RunSection({ run }: { run: Run }) {
  const { client, startedAt, calls, checkpoint } = run
  return (
    <section aria-label={titleOf(run)} className="pt-3">
      <h3 className="min-w-0 px-4 text-xs text-muted tabular-nums">
        <span className="block truncate font-medium text-soft">{client}</span>
        <span className="block truncate">
          {`${clockOf(startedAt)} · ${calls.length} ${calls.length === 1 ? 'call' : 'calls'}`}
        </span>
      </h3>
      {checkpoint !== undefined && <RunChanges run={run} checkpoint={checkpoint} />}
      <ol reversed>
        {calls.map((call) => (
          <CallRow key={call.id} call={call} />
        ))}
      </ol>
    </section>
  )
}

function RunChanges({ run, checkpoint }: { run: Run; checkpoint: string }) {
  const { agents, history, overlay, repl } = useWorkbench()
  const busy = useStore(agents.busy)
  const open = useStore(history.open)
  const isOpen = open?.id === checkpoint
  return (
    <>
      <div className="flex flex-wrap items-center py-1 pl-2 pr-2">
        <Button
          variant="ghost"
          size="sm"
          aria-expanded={isOpen}
          aria-label={`Changes since ${titleOf(run)}`}
          onClick={() => history.toggle(checkpoint)}
        >
          <ChevronRight
            aria-hidden
            size={14}
            strokeWidth={1.5}
            className={cx('transition-transform', isOpen && 'rotate-90')}
          />
          Changes
        </Button>
        {repl.canEdit && (
          <Button
            variant="ghost"
            size="sm"
            isBusy={busy === run.id}
            aria-label={`Undo this run: ${titleOf(run)}`}
            onClick={() => overlay.set({ kind: 'undo-run', run: run.id })}
          >
            <Undo2 aria-hidden size={14} strokeWidth={1.5} />
            Undo this run
          </Button>
        )}
      </div>
      {isOpen && <SnapshotChanges id={checkpoint} changes={open.changes} />}
    </>
  )
}

function titleOf({ client, startedAt }: Run): string {
  return `${client}, ${clockOf(startedAt)}`
}
