'use client'

import type { ReactNode } from 'react'
import { Button } from '#components/ui/button.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import { Skeleton } from '#components/ui/skeleton.tsx'
import type { Difference } from '#server/workspaces/history/compare-snapshots.ts'
import type { Changes } from '../stores/history.ts'
import { useWorkbench } from '../use-workbench.tsx'

/** More than so many paths in a side panel help nobody. */
const MAX_SHOWN = 200

interface SnapshotChangesProps {
  /** Of the snapshot. */
  id: string
  changes: Changes
  /** The way back to all of it. */
  action?: ReactNode
}

/** What changed since a snapshot, a line for each path; a file opens as a diff. */
export function SnapshotChanges({ id, changes, action }: SnapshotChangesProps) {
  const workbench = useWorkbench()
  if (changes.kind === 'loading') return <Skeleton className="mb-3 ml-9 mt-1 h-3 w-32" />
  if (changes.kind === 'failed') {
    return (
      <ErrorState
        className="mx-3 mb-2"
        message={changes.error.message}
        advice={changes.error.advice}
        actions={<Button onClick={() => void workbench.history.look(id)}>Try again</Button>}
      />
    )
  }
  const shown = changes.differences.slice(0, MAX_SHOWN)
  const more = changes.differences.length - shown.length
  return (
    <div className="pb-2 pl-9 pr-2">
      {shown.length === 0 ? (
        <p className="py-1 text-xs text-muted">Nothing changed since.</p>
      ) : (
        <>
          <p className="py-1 text-xs text-muted">Changed since then</p>
          <ul>
            {shown.map((difference) => (
              <ChangedPath key={`${difference.kind} ${difference.path}`} id={id} difference={difference} />
            ))}
          </ul>
          {(more > 0 || changes.isCut) && (
            <p className="py-1 text-xs text-muted">
              And {changes.isCut ? 'many' : more} more. Download both to compare everything.
            </p>
          )}
          {action}
        </>
      )}
    </div>
  )
}

const MARKS = {
  added: { sign: '+', words: 'added', tone: 'text-ok' },
  removed: { sign: '−', words: 'removed', tone: 'text-failed' },
  changed: { sign: '~', words: 'changed', tone: 'text-attention' },
} as const

function ChangedPath({ id, difference }: { id: string; difference: Difference }) {
  const workbench = useWorkbench()
  const { path, kind, type } = difference
  const { sign, words, tone } = MARKS[kind]
  const line = (
    <>
      <span aria-hidden className={`w-3 shrink-0 text-center font-mono ${tone}`}>
        {sign}
      </span>
      <span className="truncate font-mono text-xs" title={path}>
        {path}
        {type === 'directory' && '/'}
      </span>
      <span className="sr-only">{words}</span>
    </>
  )
  if (type !== 'file') return <li className="flex items-center gap-1.5 py-0.5 text-soft">{line}</li>
  return (
    <li>
      <button
        type="button"
        className="flex w-full items-center gap-1.5 rounded-sm py-0.5 text-left text-soft -outline-offset-2 hover:bg-hover hover:text-text"
        onClick={() => workbench.overlay.set({ kind: 'then', id, path })}
      >
        {line}
      </button>
    </li>
  )
}
