'use client'

import { Bookmark, BookmarkX, Download, Ellipsis, GitFork, RotateCcw, Trash2 } from 'lucide-react'
import { useRouter } from 'next/navigation'
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuSeparator,
  DropdownMenuTrigger,
} from '#components/ui/dropdown-menu.tsx'
import type { SnapshotView } from '#server/repls/history.ts'
import { archiveUrl, downloadFrom } from '#components/download-archive.ts'
import { useWorkbench } from '../use-workbench.tsx'
import { forget, forkFrom, nameSnapshot } from './actions.ts'
import { clockOf, titleOf } from './timeline.ts'

/** Everything that can be done with one snapshot. */
export function SnapshotMenu({ snapshot }: { snapshot: SnapshotView }) {
  const workbench = useWorkbench()
  const router = useRouter()
  const { id, name, isNewest } = snapshot
  const { canEdit } = workbench.repl
  const isUser = workbench.account.kind === 'user'
  const fork = async (): Promise<void> => {
    const forked = await forkFrom(workbench, id)
    if (forked !== undefined) router.push(`/r/${forked}`)
  }
  const download = (format: 'zip' | 'tar.gz'): void =>
    downloadFrom(archiveUrl(workbench.replId, { format, snapshot: id }))
  return (
    <DropdownMenu>
      <DropdownMenuTrigger
        aria-label={`More for ${titleOf(snapshot)}, ${clockOf(snapshot.savedAt)}`}
        className="inline-flex size-7 shrink-0 items-center justify-center rounded-md text-muted hover:bg-hover hover:text-text data-[state=open]:bg-hover data-[state=open]:text-text"
      >
        <Ellipsis aria-hidden size={16} strokeWidth={1.5} />
      </DropdownMenuTrigger>
      <DropdownMenuContent label={titleOf(snapshot)} align="end">
        {canEdit && (
          <>
            <DropdownMenuItem
              icon={<RotateCcw aria-hidden />}
              onSelect={() => workbench.overlay.set({ kind: 'restore', id })}
            >
              Restore…
            </DropdownMenuItem>
            <DropdownMenuItem
              icon={<Bookmark aria-hidden />}
              onSelect={() => workbench.overlay.set({ kind: 'checkpoint', id })}
            >
              {name === undefined ? 'Keep under a name…' : 'Rename…'}
            </DropdownMenuItem>
          </>
        )}
        {isUser && (
          <DropdownMenuItem icon={<GitFork aria-hidden />} onSelect={() => void fork()}>
            Fork into a new REPL
          </DropdownMenuItem>
        )}
        <DropdownMenuItem icon={<Download aria-hidden />} onSelect={() => download('zip')}>
          Download as zip
        </DropdownMenuItem>
        <DropdownMenuItem icon={<Download aria-hidden />} onSelect={() => download('tar.gz')}>
          Download as tar.gz
        </DropdownMenuItem>
        {canEdit && !isNewest && (
          <>
            <DropdownMenuSeparator />
            {name !== undefined && (
              <DropdownMenuItem
                icon={<BookmarkX aria-hidden />}
                onSelect={() => void nameSnapshot(workbench, id, null)}
              >
                Take its name off
              </DropdownMenuItem>
            )}
            <DropdownMenuItem isDanger icon={<Trash2 aria-hidden />} onSelect={() => void forget(workbench, snapshot)}>
              Forget this snapshot
            </DropdownMenuItem>
          </>
        )}
      </DropdownMenuContent>
    </DropdownMenu>
  )
}
