'use client'

import { useEffect } from 'react'
import { Bot, Plus } from 'lucide-react'
import { Button } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import { IconButton } from '#components/ui/icon-button.tsx'
import { Skeleton } from '#components/ui/skeleton.tsx'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { Address } from './address.tsx'
import { ConnectionRow } from './connection-row.tsx'
import { RunSection } from './run-section.tsx'
import { runsOf } from './runs.ts'

/** Where agents come in, who is there, and what they do. */
export function AgentsPanel() {
  const workbench = useWorkbench()
  const { agents, overlay } = workbench
  const state = useStore(agents.state)
  useEffect(() => agents.watch(), [agents])
  return (
    <div className="flex h-full flex-col">
      <header className="flex h-9 shrink-0 items-center gap-1 pl-4 pr-1.5">
        <h2 className="grow font-medium text-soft">Agents</h2>
        <IconButton label="Connect an agent" onClick={() => overlay.set({ kind: 'connect-agent' })}>
          <Plus aria-hidden />
        </IconButton>
      </header>
      <Address replId={workbench.replId} />
      {state.kind === 'loading' && <Waiting />}
      {state.kind === 'failed' && (
        <ErrorState
          className="mx-3 mt-3"
          message={state.error.message}
          advice={state.error.advice}
          actions={<Button onClick={() => void agents.refresh()}>Try again</Button>}
        />
      )}
      {state.kind === 'ready' && <Ready />}
    </div>
  )
}

function Waiting() {
  return (
    <div aria-busy className="space-y-3 px-4 pt-4">
      <Skeleton className="h-3 w-40" />
      <Skeleton className="h-3 w-52" />
      <Skeleton className="h-3 w-36" />
    </div>
  )
}

function Ready() {
  const { agents, overlay } = useWorkbench()
  const state = useStore(agents.state)
  const busy = useStore(agents.busy)
  if (state.kind !== 'ready') return null
  const { connections, calls, hasMore } = state
  if (connections.length === 0 && calls.length === 0) {
    return (
      <EmptyState
        icon={<Bot />}
        title="No agent is connected"
        className="py-10"
        actions={
          <Button variant="primary" onClick={() => overlay.set({ kind: 'connect-agent' })}>
            Connect an agent
          </Button>
        }
      >
        Give one the address above. It then works in the same files and terminals as you, and everything it does stands
        here.
      </EmptyState>
    )
  }
  return (
    <div className="min-h-0 grow overflow-y-auto pb-4">
      <section aria-label="Connected agents">
        <h3 className="px-4 pb-1 pt-3 text-xs text-muted">Connected</h3>
        {connections.length === 0 && <p className="px-4 text-xs text-muted">Nobody now. What was done stands below.</p>}
        <ul>
          {connections.map((connection) => (
            <ConnectionRow key={connection.id} connection={connection} />
          ))}
        </ul>
      </section>
      {calls.length === 0 && <p className="px-4 pt-3 text-xs text-muted">Nothing has been done yet.</p>}
      {runsOf(calls).map((run) => (
        <RunSection key={run.id} run={run} />
      ))}
      {hasMore && (
        <Button
          variant="ghost"
          size="sm"
          className="ml-2 mt-2"
          isBusy={busy === 'older'}
          onClick={() => void agents.older().catch(() => undefined)}
        >
          Show earlier
        </Button>
      )}
    </div>
  )
}
