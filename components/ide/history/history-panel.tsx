'use client'

import { useEffect, useState } from 'react'
import { BookmarkPlus, History as HistoryIcon } from 'lucide-react'
import { Button } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import { IconButton } from '#components/ui/icon-button.tsx'
import { Skeleton } from '#components/ui/skeleton.tsx'
import type { SnapshotView } from '#server/repls/history.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { ForgottenSnapshots } from './forgotten-snapshots.tsx'
import { SnapshotRow } from './snapshot-row.tsx'
import { hiddenCount, timeline } from './timeline.ts'

/** The states that the files can go back to. */
export function HistoryPanel() {
  const workbench = useWorkbench()
  const state = useStore(workbench.history.state)
  useEffect(() => void workbench.history.refresh(), [workbench])
  return (
    <div className="flex h-full flex-col">
      <header className="flex h-9 shrink-0 items-center gap-1 pl-4 pr-1.5">
        <h2 className="grow font-medium text-soft">History</h2>
        {workbench.repl.canEdit && (
          <IconButton label="Take a checkpoint" onClick={() => workbench.overlay.set({ kind: 'checkpoint' })}>
            <BookmarkPlus aria-hidden />
          </IconButton>
        )}
      </header>
      {state.kind === 'loading' && <Waiting />}
      {state.kind === 'failed' && (
        <ErrorState
          className="mx-3"
          message={state.error.message}
          advice={state.error.advice}
          actions={<Button onClick={() => void workbench.history.refresh()}>Try again</Button>}
        />
      )}
      {state.kind === 'ready' && <Timeline all={state.snapshots} />}
    </div>
  )
}

function Waiting() {
  return (
    <div aria-busy className="space-y-3 px-4 pt-2">
      <Skeleton className="h-3 w-40" />
      <Skeleton className="h-3 w-52" />
      <Skeleton className="h-3 w-36" />
    </div>
  )
}

function Timeline({ all }: { all: readonly SnapshotView[] }) {
  const snapshots = all.filter(({ forgottenAt }) => forgottenAt === undefined)
  const [isFull, setIsFull] = useState(false)
  const [now] = useState(() => Date.now())
  if (snapshots.length === 0) {
    return (
      <EmptyState icon={<HistoryIcon />} title="No snapshot yet" className="py-10">
        The first one is taken within seconds of a change.
      </EmptyState>
    )
  }
  const hidden = hiddenCount(snapshots)
  return (
    <div className="min-h-0 grow overflow-y-auto pb-4">
      {timeline(snapshots, { now: Math.max(now, snapshots[0]?.savedAt ?? 0), isFull }).map(({ title, snapshots }) => (
        <section key={title} aria-label={title}>
          <h3 className="px-4 pb-1 pt-3 text-xs text-muted">{title}</h3>
          <ul>
            {snapshots.map((snapshot) => (
              <SnapshotRow key={snapshot.id} snapshot={snapshot} />
            ))}
          </ul>
        </section>
      ))}
      {hidden > 0 && (
        <Button variant="ghost" size="sm" className="ml-2 mt-2" onClick={() => setIsFull(!isFull)}>
          {isFull ? 'Show fewer automatic saves' : `Show ${hidden} more automatic saves`}
        </Button>
      )}
      <ForgottenSnapshots snapshots={all.filter(({ forgottenAt }) => forgottenAt !== undefined)} />
    </div>
  )
}
