'use client'

import { memo, useEffect, useRef, useState } from 'react'
import {
  Bot,
  ChevronDown,
  Columns2,
  GitCommitHorizontal,
  Pencil,
  Play,
  Plus,
  RotateCcw,
  TerminalSquare,
  Trash2,
  X,
} from 'lucide-react'
import { cx } from '#components/ui/cx.ts'
import { ContextMenu, ContextMenuContent, ContextMenuItem, ContextMenuTrigger } from '#components/ui/context-menu.tsx'
import { IconButton } from '#components/ui/icon-button.tsx'
import { StateDot } from '#components/ui/state-dot.tsx'
import type { TerminalInfo } from '#protocol/messages.ts'
import { NameInput } from '../name-input.tsx'
import { agentWords } from './agent-strip.tsx'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { closeActiveTerminal, closeTerminal, newTerminal, toggleTerminal } from '../stores/actions.ts'
import { restartTerminal, splitTerminal } from '../stores/terminal-actions.ts'
import { canSplit } from '../stores/terminal-groups.ts'

/** The row over the terminals: one tab each, a new one, hide the panel. */
export function TerminalTabs() {
  const workbench = useWorkbench()
  const { list, groups, activeId } = useStore(workbench.terminals.state)
  const active = list.find((terminal) => terminal.id === activeId)
  return (
    <div className="flex h-9 shrink-0 items-center gap-1 border-b border-line bg-panel pl-2 pr-1.5">
      <div role="tablist" aria-label="Terminals" className="flex min-w-0 items-center gap-0.5 overflow-x-auto">
        {groups.map(({ id, terminals }) => (
          <div
            key={id}
            role="presentation"
            className={cx(
              'flex shrink-0 items-center',
              terminals.length > 1 && 'rounded-md inset-ring inset-ring-line',
            )}
          >
            {terminals.map((one) => {
              const terminal = list.find((info) => info.id === one)
              return terminal && <TerminalTab key={one} terminal={terminal} isActive={one === activeId} />
            })}
          </div>
        ))}
      </div>
      {workbench.repl.canEdit && (
        <IconButton label="New terminal" keys="ctrl+shift+`" side="top" onClick={() => newTerminal(workbench)}>
          <Plus aria-hidden />
        </IconButton>
      )}
      {workbench.repl.canEdit && (
        <IconButton
          label="Split terminal"
          keys="ctrl+shift+5"
          side="top"
          className="max-md:hidden"
          disabled={!canSplit(groups, activeId)}
          onClick={() => splitTerminal(workbench)}
        >
          <Columns2 aria-hidden />
        </IconButton>
      )}
      <div className="grow" />
      {workbench.repl.canEdit && active !== undefined && (
        <IconButton label={`Close ${active.name}`} side="top" onClick={() => closeActiveTerminal(workbench)}>
          <Trash2 aria-hidden />
        </IconButton>
      )}
      <IconButton
        label="Hide terminals"
        keys="ctrl+`"
        side="top"
        className="max-md:hidden"
        onClick={() => toggleTerminal(workbench)}
      >
        <ChevronDown aria-hidden />
      </IconButton>
    </div>
  )
}

const ICONS = {
  shell: TerminalSquare,
  clone: TerminalSquare,
  commit: GitCommitHorizontal,
  run: Play,
  agent: Bot,
} as const

/** Drawn anew only for what is its own: agents open and end terminals many times a second. */
const TerminalTab = memo(function TerminalTab({ terminal, isActive }: { terminal: TerminalInfo; isActive: boolean }) {
  const workbench = useWorkbench()
  const [isRenaming, setIsRenaming] = useState(false)
  const element = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (isActive) element.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [isActive])
  const Icon = ICONS[terminal.kind]
  const close = (): void => closeTerminal(workbench, terminal.id)
  if (isRenaming) {
    return (
      <NameInput
        label="Terminal name"
        initial={terminal.name}
        className="h-7 w-32"
        onDone={(name) => {
          setIsRenaming(false)
          if (name !== undefined) void workbench.attempt(() => workbench.terminals.rename(terminal.id, name))
        }}
      />
    )
  }
  return (
    <ContextMenu>
      <ContextMenuTrigger asChild disabled={!workbench.repl.canEdit}>
        <div
          ref={element}
          role="presentation"
          className={cx(
            'group flex h-7 shrink-0 items-center rounded-md',
            isActive ? 'bg-hover text-text' : 'text-muted hover:text-text',
          )}
        >
          <button
            type="button"
            role="tab"
            aria-selected={isActive}
            title={agentWords(terminal)}
            className="flex h-7 items-center gap-1.5 rounded-md pl-2 pr-2"
            onClick={() => {
              if (isActive) return workbench.terminalBridge.focus()
              workbench.terminalBridge.focusNext()
              workbench.terminals.activate(terminal.id)
            }}
            onDoubleClick={() => setIsRenaming(workbench.repl.canEdit)}
          >
            <Icon aria-hidden size={14} strokeWidth={1.5} />
            <span className="max-w-40 truncate">{terminal.name}</span>
            {terminal.kind === 'agent' && terminal.exit === undefined && <StateDot tone="busy" />}
            {terminal.exit !== undefined && <StateDot tone={terminal.exit.code === 0 ? 'idle' : 'failed'} />}
          </button>
          {workbench.repl.canEdit && (
            <button
              type="button"
              // A list of tabs may hold tabs only: for keyboards and screen readers there is the button at the end.
              aria-hidden
              tabIndex={-1}
              title={`Close ${terminal.name}`}
              className={cx(
                '-ml-1 mr-1 rounded-sm p-0.5 opacity-0 hover:bg-selected group-hover:opacity-100 focus-visible:opacity-100',
                isActive && 'opacity-60',
              )}
              onClick={close}
            >
              <X aria-hidden size={14} strokeWidth={1.5} />
            </button>
          )}
        </div>
      </ContextMenuTrigger>
      <ContextMenuContent label={`Terminal ${terminal.name}`}>
        <ContextMenuItem icon={<Pencil />} onSelect={() => setIsRenaming(true)}>
          Rename
        </ContextMenuItem>
        {terminal.kind === 'shell' && (
          <ContextMenuItem icon={<RotateCcw />} onSelect={() => restartTerminal(workbench, terminal.id)}>
            Restart shell
          </ContextMenuItem>
        )}
        <ContextMenuItem icon={<Trash2 />} isDanger onSelect={close}>
          Close terminal
        </ContextMenuItem>
      </ContextMenuContent>
    </ContextMenu>
  )
})
