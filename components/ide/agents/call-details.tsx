'use client'

import type { ReactNode } from 'react'
import { SquareTerminal } from 'lucide-react'
import { Button } from '#components/ui/button.tsx'
import type { AgentCall } from '#protocol/agents.ts'
import { showTerminal } from '../stores/actions.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { readableArgs } from './runs.ts'
import { UnifiedDiff } from './unified-diff.tsx'

/** What a call was given, what came of it, and what it changed. */
export function CallDetails({ call: { tool, args, summary, diff, terminal } }: { call: AgentCall }) {
  const workbench = useWorkbench()
  const { list } = useStore(workbench.terminals.state)
  const hasTerminal = list.some(({ id }) => id === terminal)
  return (
    <div className="space-y-2 pb-3 pl-9 pr-3">
      {diff !== undefined && (
        <div>
          <h4 className="pb-0.5 text-xs text-muted">Changes</h4>
          <UnifiedDiff text={diff} />
        </div>
      )}
      <Part title={`Arguments of ${tool}`}>{readableArgs(args)}</Part>
      {/* A diff says all that the result of an edit says. */}
      {summary !== '' && diff === undefined && <Part title="Result">{summary}</Part>}
      {hasTerminal && terminal !== undefined && (
        <Button size="sm" onClick={() => showTerminal(workbench, terminal)}>
          <SquareTerminal aria-hidden size={14} strokeWidth={1.5} />
          Show its terminal
        </Button>
      )}
    </div>
  )
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div>
      <h4 className="pb-0.5 text-xs text-muted">{title}</h4>
      <pre className="whitespace-pre-wrap rounded-md bg-canvas p-2 font-mono text-xs text-soft [overflow-wrap:anywhere]">
        {children}
      </pre>
    </div>
  )
}
