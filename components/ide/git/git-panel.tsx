'use client'

import { GitBranch, GitCompare, RefreshCw } from 'lucide-react'
import { Button } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import { IconButton } from '#components/ui/icon-button.tsx'
import { Skeleton } from '#components/ui/skeleton.tsx'
import type { GitRepository } from '#protocol/git-status.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { branchWords } from './branch-words.ts'
import { ChangedFile } from './changed-file.tsx'
import { CommitForm } from './commit-form.tsx'

/** What is otherwise than in the last commit, and the next one. */
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
  const mayEdit = useStore(useWorkbench().mayEdit)
  const { changes, truncated } = repository
  return (
    <div className="min-h-0 grow overflow-y-auto pb-4">
      <p className="flex items-center gap-1.5 px-4 pb-2 text-xs text-muted [overflow-wrap:anywhere]">
        <GitBranch aria-hidden size={14} strokeWidth={1.5} className="shrink-0" />
        {branchWords(repository)}
      </p>
      {mayEdit && changes.length > 0 && <CommitForm repository={repository} />}
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
