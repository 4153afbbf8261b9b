'use client'

import { useState } from 'react'
import Link from 'next/link'
import {
  LayoutGrid,
  Moon,
  MonitorPlay,
  MoreHorizontal,
  Pencil,
  Settings,
  Share2,
  Square,
  SquareTerminal,
  Sun,
  Variable,
} from 'lucide-react'
import { usePreference } from '#components/site/preferences.ts'
import { TemporaryBadge } from '#components/temporary.tsx'
import { Badge } from '#components/ui/badge.tsx'
import { Button } from '#components/ui/button.tsx'
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuSeparator,
  DropdownMenuTrigger,
} from '#components/ui/dropdown-menu.tsx'
import { IconButton } from '#components/ui/icon-button.tsx'
import { Tooltip } from '#components/ui/tooltip.tsx'
import { TemplateIcon } from '#components/ui/template-icon.tsx'
import { RunButton } from './run-button.tsx'
import { PeopleButton } from './people/people-button.tsx'
import { useIsDark } from './theme-tokens.ts'
import { useRepl, useWorkbench } from './use-workbench.tsx'
import { togglePreview } from './stores/actions.ts'

/** Whose REPL this is, Run, Share, and everything about the REPL as a whole. */
export function TopBar() {
  const workbench = useWorkbench()
  const repl = useRepl()
  const { name, template, role, owner } = repl
  const [opened] = useState(() => Date.now())
  return (
    <header className="flex h-11 shrink-0 items-center gap-2 border-b border-line bg-panel px-2">
      <Tooltip label="Back to your REPLs">
        <Link
          href="/repls"
          aria-label="Back to your REPLs"
          className="inline-flex size-7 shrink-0 items-center justify-center rounded-md text-muted hover:bg-hover hover:text-text"
        >
          <LayoutGrid aria-hidden size={16} strokeWidth={1.5} />
        </Link>
      </Tooltip>
      <div className="flex min-w-0 flex-1 items-center gap-2">
        <TemplateIcon template={template} className="hidden size-6! sm:inline-flex" />
        <h1 className="truncate font-medium" title={`${name}, of ${owner.name}`}>
          {name}
        </h1>
        <TemporaryBadge repl={repl} now={opened} className="max-sm:hidden" />
        {role === 'viewer' && <Badge tone="accent">Read-only</Badge>}
      </div>
      {workbench.repl.canEdit && <RunButton />}
      <div className="flex flex-1 items-center justify-end gap-1">
        <PeopleButton />
        <IconButton label="Preview" keys="alt+v" className="max-md:hidden" onClick={() => togglePreview(workbench)}>
          <MonitorPlay aria-hidden />
        </IconButton>
        {role === 'owner' && (
          <Button size="sm" onClick={() => workbench.overlay.set({ kind: 'share' })}>
            <Share2 aria-hidden size={14} strokeWidth={1.75} />
            <span className="max-sm:sr-only">Share</span>
          </Button>
        )}
        <ReplMenu />
      </div>
    </header>
  )
}

function ReplMenu() {
  const workbench = useWorkbench()
  const { role, state } = useRepl()
  const isDark = useIsDark()
  const [, setTheme] = usePreference('theme')
  return (
    <DropdownMenu>
      <DropdownMenuTrigger asChild>
        <button
          type="button"
          aria-label="REPL menu"
          className="inline-flex size-7 items-center justify-center rounded-md text-muted hover:bg-hover hover:text-text data-[state=open]:bg-hover"
        >
          <MoreHorizontal aria-hidden size={16} strokeWidth={1.5} />
        </button>
      </DropdownMenuTrigger>
      <DropdownMenuContent label="REPL" align="end">
        <DropdownMenuItem
          icon={<SquareTerminal />}
          keys="mod+shift+p"
          onSelect={() => workbench.overlay.set({ kind: 'palette' })}
        >
          All commands
        </DropdownMenuItem>
        {role === 'owner' && (
          <DropdownMenuItem icon={<Pencil />} onSelect={() => workbench.overlay.set({ kind: 'rename' })}>
            Rename REPL
          </DropdownMenuItem>
        )}
        {workbench.repl.canEdit && (
          <DropdownMenuItem icon={<Variable />} onSelect={() => workbench.overlay.set({ kind: 'variables' })}>
            Environment variables
          </DropdownMenuItem>
        )}
        <DropdownMenuSeparator />
        <DropdownMenuItem icon={isDark ? <Sun /> : <Moon />} onSelect={() => setTheme(isDark ? 'light' : 'dark')}>
          {isDark ? 'Light theme' : 'Dark theme'}
        </DropdownMenuItem>
        <DropdownMenuItem icon={<Settings />} onSelect={() => window.location.assign('/settings')}>
          Settings
        </DropdownMenuItem>
        {workbench.repl.canEdit && state.kind === 'running' && (
          <>
            <DropdownMenuSeparator />
            <DropdownMenuItem
              icon={<Square />}
              onSelect={() => void workbench.documents.saveAll().then(() => workbench.repl.stop())}
            >
              Stop REPL
            </DropdownMenuItem>
          </>
        )}
      </DropdownMenuContent>
    </DropdownMenu>
  )
}
