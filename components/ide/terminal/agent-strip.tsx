'use client'

import { Bot, CircleStop } from 'lucide-react'
import { Button } from '#components/ui/button.tsx'
import type { TerminalInfo } from '#protocol/messages.ts'
import { stopCommand } from '../agents/actions.ts'
import { useWorkbench } from '../use-workbench.tsx'

/** "Claude is running npm test"; nothing for a terminal of people. */
export function agentWords({ kind, actor, createdBy, command, name, exit }: TerminalInfo): string | undefined {
  if (kind !== 'agent') return undefined
  return `${actor ?? createdBy} ${exit === undefined ? 'is running' : 'ran'} ${command ?? name}`
}

/** Over a terminal in which an agent works: who and what, and the way to end it. */
export function AgentStrip({ info }: { info: TerminalInfo }) {
  const workbench = useWorkbench()
  const { kind, id, exit, actor, createdBy, command, name } = info
  if (kind !== 'agent') return null
  const isRunning = exit === undefined
  return (
    <div className="flex min-h-9 shrink-0 items-center gap-2 border-b border-line bg-panel px-3 text-sm">
      <Bot aria-hidden size={14} strokeWidth={1.5} className="shrink-0 text-muted" />
      <p className="min-w-0 grow truncate text-soft" title={agentWords(info)}>
        <span className="font-medium text-text">{actor ?? createdBy}</span> {isRunning ? 'is running' : 'ran'}{' '}
        <code className="font-mono text-xs text-text">{command ?? name}</code>
      </p>
      {isRunning && workbench.repl.canEdit && (
        <Button size="sm" onClick={() => stopCommand(workbench, id)}>
          <CircleStop aria-hidden size={14} strokeWidth={1.5} />
          Stop
        </Button>
      )}
    </div>
  )
}
