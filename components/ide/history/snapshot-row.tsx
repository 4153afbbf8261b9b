'use client'

import type { ReactNode } from 'react'
import { Bookmark, Bot, ChevronRight, CircleDot, GitFork, RotateCcw } from 'lucide-react'
import { Button } from '#components/ui/button.tsx'
import { cx } from '#components/ui/cx.ts'
import { SpinnerWheel } from '#components/ui/spinner.tsx'
import type { SnapshotView } from '#server/repls/history.ts'
import { formatBytes } from '../format.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { SnapshotChanges } from './snapshot-changes.tsx'
import { SnapshotMenu } from './snapshot-menu.tsx'
import { clockOf, titleOf } from './timeline.ts'

/** One snapshot; opened, what changed since. */
export function SnapshotRow({ snapshot }: { snapshot: SnapshotView }) {
  const { history, overlay, repl } = useWorkbench()
  const open = useStore(history.open)
  const busy = useStore(history.busy)
  const isOpen = open?.id === snapshot.id
  const { id, savedAt, files, bytes, actor } = snapshot
  return (
    <li className={cx('group/row', isOpen && 'bg-hover/60')}>
      <div className="flex items-center gap-1 pr-1.5">
        <button
          type="button"
          aria-expanded={isOpen}
          onClick={() => history.toggle(id)}
          className="flex min-w-0 grow items-start gap-2 py-1.5 pl-2.5 text-left -outline-offset-2 hover:bg-hover"
        >
          <ChevronRight
            aria-hidden
            size={14}
            strokeWidth={1.5}
            className={cx('mt-0.5 shrink-0 text-muted transition-transform', isOpen && 'rotate-90')}
          />
          <span className="mt-0.5 shrink-0 text-muted [&_svg]:size-3.5 [&_svg]:stroke-[1.5]">
            {busy === id ? <SpinnerWheel className="size-3.5!" /> : iconOf(snapshot)}
          </span>
          <span className="min-w-0 grow">
            <span className={cx('block truncate', snapshot.name === undefined ? 'text-soft' : 'font-medium text-text')}>
              {titleOf(snapshot)}
            </span>
            <span className="block truncate text-xs text-muted tabular-nums">
              {clockOf(savedAt)}
              {actor !== undefined && ` · ${actor}`} · {files} {files === 1 ? 'file' : 'files'}, {formatBytes(bytes)}
            </span>
          </span>
        </button>
        <SnapshotMenu snapshot={snapshot} />
      </div>
      {isOpen && (
        <SnapshotChanges
          id={id}
          changes={open.changes}
          action={
            repl.canEdit && (
              <Button size="sm" className="mt-1.5" onClick={() => overlay.set({ kind: 'restore', id })}>
                Restore all
              </Button>
            )
          }
        />
      )}
    </li>
  )
}

function iconOf({ name, reason }: SnapshotView): ReactNode {
  if (name !== undefined) return <Bookmark aria-hidden className="text-accent-text" />
  switch (reason) {
    case 'before-agent':
      return <Bot aria-hidden />
    case 'restore':
    case 'before-restore':
      return <RotateCcw aria-hidden />
    case 'fork':
      return <GitFork aria-hidden />
    case 'checkpoint':
    case 'seed':
    case 'auto':
    case 'save':
    case 'stop':
    case 'import':
      return <CircleDot aria-hidden />
  }
}
