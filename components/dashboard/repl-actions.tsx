'use client'

import { useRef } from 'react'
import { useRouter } from 'next/navigation'
import { Download, Ellipsis, ExternalLink, GitFork, Pencil, Pin, Play, Share2, Square, Trash2 } from 'lucide-react'
import type { ReplAction } from '#components/dashboard/repl-list-store.ts'
import { archiveUrl, downloadFrom } from '#components/download-archive.ts'
import { isTemporary } from '#components/temporary.tsx'
import { Button } from '#components/ui/button.tsx'
import { cx } from '#components/ui/cx.ts'
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuSeparator,
  DropdownMenuTrigger,
} from '#components/ui/dropdown-menu.tsx'
import { isAtLeast } from '#protocol/roles.ts'
import type { ReplView } from '#server/repls/views.ts'

interface ReplActionsProps {
  repl: ReplView
  pending: ReplAction | undefined
  onStart: () => void
  onStop: () => void
  onFork: () => void
  onKeep: () => void
  onChoose: (what: 'share' | 'delete' | 'rename') => void
  className?: string
}

/** Start or stop at hand, everything else in a menu. */
export function ReplActions({ repl, pending, onStart, onStop, onFork, onKeep, onChoose, className }: ReplActionsProps) {
  const router = useRouter()
  const chosen = useRef(false)
  const { kind } = repl.state
  const mayRun = isAtLeast(repl.role, 'editor') && pending === undefined
  const canStart = mayRun && kind === 'stopped'
  const canStop = mayRun && (kind === 'running' || kind === 'starting')
  const isOwner = repl.role === 'owner'
  const choose = (what: 'share' | 'delete' | 'rename') => {
    chosen.current = true
    onChoose(what)
  }
  return (
    <div className={cx('relative z-10 flex items-center justify-end gap-1', className)}>
      {canStart && (
        <Button size="sm" variant="ghost" aria-label={`Start ${repl.name}`} onClick={onStart}>
          <Play aria-hidden size={14} strokeWidth={1.75} />
          Start
        </Button>
      )}
      {canStop && (
        <Button size="sm" variant="ghost" aria-label={`Stop ${repl.name}`} onClick={onStop}>
          <Square aria-hidden size={12} strokeWidth={2} />
          Stop
        </Button>
      )}
      <DropdownMenu>
        <DropdownMenuTrigger
          aria-label={`More for ${repl.name}`}
          className="inline-flex size-7 items-center justify-center rounded-md text-muted hover:bg-hover hover:text-text data-[state=open]:bg-hover data-[state=open]:text-text"
        >
          <Ellipsis aria-hidden size={16} strokeWidth={1.5} />
        </DropdownMenuTrigger>
        <DropdownMenuContent
          label={repl.name}
          align="end"
          onCloseAutoFocus={(event) => {
            // The dialog or field that was chosen has the focus.
            if (chosen.current) event.preventDefault()
            chosen.current = false
          }}
        >
          <DropdownMenuItem icon={<ExternalLink aria-hidden />} onSelect={() => router.push(`/r/${repl.id}`)}>
            Open
          </DropdownMenuItem>
          {isOwner && (
            <>
              <DropdownMenuItem icon={<Pencil aria-hidden />} onSelect={() => choose('rename')}>
                Rename
              </DropdownMenuItem>
              {isTemporary(repl) && (
                <DropdownMenuItem icon={<Pin aria-hidden />} onSelect={onKeep}>
                  Keep
                </DropdownMenuItem>
              )}
              <DropdownMenuItem icon={<Share2 aria-hidden />} onSelect={() => choose('share')}>
                Share
              </DropdownMenuItem>
            </>
          )}
          <DropdownMenuItem icon={<GitFork aria-hidden />} onSelect={onFork}>
            Fork
          </DropdownMenuItem>
          <DropdownMenuItem
            icon={<Download aria-hidden />}
            onSelect={() => downloadFrom(archiveUrl(repl.id, { format: 'zip' }))}
          >
            Download as zip
          </DropdownMenuItem>
          {canStart && (
            <DropdownMenuItem icon={<Play aria-hidden />} onSelect={onStart}>
              Start
            </DropdownMenuItem>
          )}
          {canStop && (
            <DropdownMenuItem icon={<Square aria-hidden />} onSelect={onStop}>
              Stop
            </DropdownMenuItem>
          )}
          {isOwner && (
            <>
              <DropdownMenuSeparator />
              <DropdownMenuItem isDanger icon={<Trash2 aria-hidden />} onSelect={() => choose('delete')}>
                Delete
              </DropdownMenuItem>
            </>
          )}
        </DropdownMenuContent>
      </DropdownMenu>
    </div>
  )
}
