'use client'

import { Undo2 } from 'lucide-react'
import { IconButton } from '#components/ui/icon-button.tsx'
import { nameOf, parentOf } from '#protocol/paths.ts'
import type { GitChange } from '#protocol/git-status.ts'
import { FileIcon } from '../files/file-icon.tsx'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { ChangeMark } from './change-mark.tsx'

/** A file that changed: whether it is to be committed, what changed in it, and the way back. */
export function ChangedFile({ change }: { change: GitChange }) {
  const workbench = useWorkbench()
  const mayEdit = useStore(workbench.mayEdit)
  const { leftOut } = useStore(workbench.commits.state)
  const { path, kind, from } = change
  // A folder that is a repository itself.
  const name = nameOf(path.replace(/\/$/, ''))
  return (
    <div className="group flex h-6.5 items-center pr-1.5 hover:bg-hover">
      {mayEdit && (
        <input
          type="checkbox"
          aria-label={`Commit ${path}`}
          checked={!leftOut.has(path)}
          className="ml-4 size-3.5 shrink-0 accent-accent"
          onChange={({ target }) => workbench.commits.include(path, target.checked)}
        />
      )}
      <button
        type="button"
        title={from === undefined ? path : `${from} → ${path}`}
        className="flex h-full min-w-0 grow items-center gap-1.5 pl-2.5 pr-1.5 text-left text-soft -outline-offset-2 hover:text-text"
        onClick={() => workbench.overlay.set({ kind: 'git-change', change })}
      >
        <FileIcon name={name} />
        <span className={kind === 'deleted' ? 'shrink-0 line-through' : 'shrink-0'}>{name}</span>
        <span className="min-w-0 grow truncate text-xs text-muted">{parentOf(path)}</span>
        <ChangeMark kind={kind} />
      </button>
      {mayEdit && (
        <IconButton
          label={`Discard the changes of ${path}`}
          className="size-6 opacity-0 focus-visible:opacity-100 group-hover:opacity-100 pointer-coarse:opacity-100"
          onClick={() => void workbench.attempt(() => workbench.commits.discard(change))}
        >
          <Undo2 aria-hidden />
        </IconButton>
      )}
    </div>
  )
}
