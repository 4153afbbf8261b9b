'use client'

import { GitBranch, GitCompare, RefreshCw } from 'lucide-react'
import { Button } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import { IconButton } from '#components/ui/icon-button.tsx'
import { Skeleton } from '#components/ui/skeleton.tsx'
import { nameOf, parentOf } from '#protocol/paths.ts'
import type { GitChange, GitRepository } from '#protocol/git-status.ts'
import { FileIcon } from '../files/file-icon.tsx'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { branchWords } from './branch-words.ts'
import { ChangeMark } from './change-mark.tsx'

/** What is otherwise than in the last commit. */
export function GitPanel() {
  const workbench = useWorkbench()
  const { status } = useStore(workbench.git.state)
  return (
    <div className="flex h-full flex-col">
      <header className="flex h-9 shrink-0 items-center gap-0.5 pl-4 pr-1.5">
        <h2 className="grow font-medium text-soft">Changes</h2>
        <IconButton label="Look again" onClick={() => void workbench.git.refresh()}>
          <RefreshCw aria-hidden />
        </IconButton>
      </header>
      {status === undefined && <Skeleton className="mx-4 mt-2 h-3 w-40" />}
      {status?.kind === 'none' && (
        <EmptyState icon={<GitCompare />} title="No Git repository here" className="py-10">
          Run <code className="font-mono text-xs">git init</code> in a terminal, and what you change shows here.
        </EmptyState>
      )}
      {status?.kind === 'unanswered' && (
        <ErrorState
          className="mx-3"
          message="Git did not answer."
          advice="Run git status in a terminal: it says why."
          actions={<Button onClick={() => void workbench.git.refresh()}>Try again</Button>}
        />
      )}
      {status?.kind === 'repository' && <Repository repository={status} />}
    </div>
  )
}

function Repository({ repository }: { repository: GitRepository }) {
  const { changes, truncated } = repository
  return (
    <div className="min-h-0 grow overflow-y-auto pb-4">
      <p className="flex items-center gap-1.5 px-4 pb-2 text-xs text-muted [overflow-wrap:anywhere]">
        <GitBranch aria-hidden size={14} strokeWidth={1.5} className="shrink-0" />
        {branchWords(repository)}
      </p>
      {changes.length === 0 ? (
        <p className="px-4 py-1 text-muted">Nothing changed since the last commit.</p>
      ) : (
        <ul aria-label="Changed files">
          {changes.map((change) => (
            <li key={change.path}>
              <ChangedFile change={change} />
            </li>
          ))}
        </ul>
      )}
      {truncated && <p className="px-4 py-2 text-xs text-muted">There are more. git status in a terminal lists all.</p>}
    </div>
  )
}

function ChangedFile({ change }: { change: GitChange }) {
  const workbench = useWorkbench()
  const { path, kind, from } = change
  // A folder that is a repository itself.
  const name = nameOf(path.replace(/\/$/, ''))
  return (
    <button
      type="button"
      title={from === undefined ? path : `${from} → ${path}`}
      className="flex h-6.5 w-full items-center gap-1.5 pl-4 pr-3 text-left text-soft -outline-offset-2 hover:bg-hover hover:text-text"
      onClick={() => workbench.overlay.set({ kind: 'git-change', change })}
    >
      <FileIcon name={name} />
      <span className={kind === 'deleted' ? 'shrink-0 line-through' : 'shrink-0'}>{name}</span>
      <span className="min-w-0 grow truncate text-xs text-muted">{parentOf(path)}</span>
      <ChangeMark kind={kind} />
    </button>
  )
}
