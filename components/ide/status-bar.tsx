'use client'

import type { ReactNode } from 'react'
import { CloudCheck, CloudOff, Eye, GitBranch, Shield, ShieldAlert } from 'lucide-react'
import { StateDot } from '#components/ui/state-dot.tsx'
import type { StateTone } from '#components/ui/state-dot.tsx'
import { Tooltip } from '#components/ui/tooltip.tsx'
import { useNow } from '#components/use-now.ts'
import { Disk } from './disk-item.tsx'
import { formatAgo } from './format.ts'
import { branchWords } from './git/branch-words.ts'
import { CompanyStatus } from './people/company-status.tsx'
import { Problems } from './problems-item.tsx'
import { SaveIndicator } from './save-indicator.tsx'
import { Sleep } from './sleep-item.tsx'
import { showView } from './stores/actions.ts'
import type { ConnectionState } from './stores/connection.ts'
import { useRepl, useStore, useWorkbench } from './use-workbench.tsx'

const CLOCK_MS = 30_000

/** How things stand, at a glance. */
export function StatusBar() {
  const workbench = useWorkbench()
  const { role } = useRepl()
  const cursor = useStore(workbench.editor.cursor)
  return (
    <footer
      aria-label="Status"
      className="flex h-6 shrink-0 items-center gap-4 overflow-hidden whitespace-nowrap border-t border-line bg-panel px-3 text-xs text-muted"
    >
      <Connection />
      <Isolation />
      <Branch />
      <Problems />
      <Sleep />
      {role === 'viewer' && (
        <Item icon={<Eye />} hint="You can look at files, terminals and previews, and change nothing.">
          Read-only
        </Item>
      )}
      <div className="grow" />
      <CompanyStatus />
      <Disk />
      <SaveIndicator />
      <BackedUp />
      {cursor !== undefined && (
        <>
          <span className="tabular-nums max-md:hidden">
            Ln {cursor.line}, Col {cursor.column}
            {cursor.selected > 0 && ` (${cursor.selected} selected)`}
          </span>
          <span className="max-md:hidden">{cursor.language}</span>
        </>
      )}
    </footer>
  )
}

function Connection() {
  const state = useStore(useWorkbench().connection.state)
  const { tone, words } = connectionWords(state)
  return (
    <span data-testid="connection-state" data-state={state.kind} className="flex items-center gap-1.5">
      <StateDot tone={tone} />
      <span className="tabular-nums">{words}</span>
    </span>
  )
}

function connectionWords(state: ConnectionState): { tone: StateTone; words: string } {
  switch (state.kind) {
    case 'open':
      return {
        tone: 'ok',
        words:
          state.latencyMs === undefined ? 'Connected' : `Connected · ${Math.max(1, Math.round(state.latencyMs))} ms`,
      }
    case 'connecting':
      return { tone: 'busy', words: 'Connecting' }
    case 'waiting':
      return { tone: 'attention', words: 'Reconnecting' }
    case 'off':
      return { tone: 'idle', words: 'Not connected' }
    case 'refused':
      return { tone: 'failed', words: state.because === 'signed-out' ? 'Signed out' : 'No access' }
  }
}

const LEVELS = {
  none: 'No isolation',
  bubblewrap: 'Sandboxed',
  pod: 'Own pod',
  'sandboxed-pod': 'Own sandboxed pod',
} as const

function Isolation() {
  const { isolation } = useRepl()
  const Icon = isolation.level === 'none' ? ShieldAlert : Shield
  return (
    <Item icon={<Icon />} hint={isolation.summary}>
      <span className="max-sm:sr-only">{LEVELS[isolation.level]}</span>
    </Item>
  )
}

/** Where one is in a Git repository; leads to what changed. */
function Branch() {
  const workbench = useWorkbench()
  const { status } = useStore(workbench.git.state)
  if (status?.kind !== 'repository') return null
  const count = status.changes.length
  const changed = count === 0 ? 'Nothing changed' : `${count}${status.truncated ? ' or more' : ''} changed`
  return (
    <Item icon={<GitBranch />} hint={`${changed} since the last commit`} onClick={() => showView(workbench, 'git')}>
      <span data-testid="branch" className="max-w-40 truncate">
        {branchWords(status)}
        {count > 0 && <span aria-hidden> *</span>}
      </span>
    </Item>
  )
}

function BackedUp() {
  const { savedAt, unsavedSince } = useRepl()
  const now = useNow(Date.now, CLOCK_MS)
  if (unsavedSince !== undefined) {
    return (
      <Item icon={<CloudOff />} hint="The files are on the REPL's own disk, but could not be copied to the store.">
        Not backed up since {formatAgo(unsavedSince, now)}
      </Item>
    )
  }
  if (savedAt === undefined) return null
  return (
    <Item
      icon={<CloudCheck />}
      hint="The files were copied to the store; they survive the loss of this machine's REPL."
    >
      <span className="max-sm:sr-only">Backed up {formatAgo(savedAt, Math.max(now, savedAt))}</span>
    </Item>
  )
}

interface ItemProps {
  icon: ReactNode
  hint: string
  onClick?: () => void
  children: ReactNode
}

function Item({ icon, hint, onClick, children }: ItemProps) {
  return (
    <Tooltip label={hint} side="top">
      <button
        type="button"
        onClick={onClick}
        className="flex h-full min-w-0 cursor-default items-center gap-1.5 -outline-offset-2 [&_svg]:size-3.5 [&_svg]:shrink-0 [&_svg]:stroke-[1.5]"
      >
        {icon}
        {children}
      </button>
    </Tooltip>
  )
}
