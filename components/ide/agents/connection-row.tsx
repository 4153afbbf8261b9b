'use client'

import { useState } from 'react'
import { Unplug } from 'lucide-react'
import { Avatar } from '#components/ui/avatar.tsx'
import { IconButton } from '#components/ui/icon-button.tsx'
import { SpinnerWheel } from '#components/ui/spinner.tsx'
import { formatAgo } from '../format.ts'
import type { AgentConnection, AgentScope } from '#protocol/agents.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'

/** What each scope lets an agent do, in a word. */
export const SCOPE_WORDS: Record<AgentScope, string> = {
  'repl:read': 'read',
  'repl:write': 'edit',
  'repl:exec': 'run',
  'repl:admin': 'stop the REPL',
}

/** An agent that was let in, what it may do, and the way to end that. */
export function ConnectionRow({ connection }: { connection: AgentConnection }) {
  const workbench = useWorkbench()
  const busy = useStore(workbench.agents.busy)
  const [now] = useState(() => Date.now())
  const { id, client, actor, kind, scopes, lastUsedAt } = connection
  const used = lastUsedAt === undefined ? 'not used yet' : `used ${formatAgo(lastUsedAt, Math.max(now, lastUsedAt))}`
  return (
    <li className="flex items-center gap-2.5 py-1.5 pl-4 pr-1.5">
      <span aria-hidden className="flex">
        <Avatar id={id} name={client} kind="agent" size="sm" />
      </span>
      <div className="min-w-0 grow">
        <p className="truncate text-text" title={`${client}, ${actor}`}>
          {client}
          {kind === 'token' && <span className="text-muted"> (token)</span>}
        </p>
        <p className="truncate text-xs text-muted" title={actor}>
          {`${actor} · may ${scopes.map((scope) => SCOPE_WORDS[scope]).join(', ')} · ${used}`}
        </p>
      </div>
      <IconButton
        label={`Cut off ${client}`}
        onClick={() => workbench.overlay.set({ kind: 'cut-agent', id })}
        disabled={busy === id}
      >
        {busy === id ? <SpinnerWheel /> : <Unplug aria-hidden />}
      </IconButton>
    </li>
  )
}
