'use client'

import { useState } from 'react'
import { Unplug } from 'lucide-react'
import { api, wireErrorOf } from '#components/api.ts'
import { AccountTokenForm } from '#components/site/account-token-form.tsx'
import { scopeWords } from '#components/site/agent-words.ts'
import { timeAgo } from '#components/site/relative-time.ts'
import { Avatar } from '#components/ui/avatar.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import { IconButton } from '#components/ui/icon-button.tsx'
import { SpinnerWheel } from '#components/ui/spinner.tsx'
import type { WireError } from '#protocol/errors.ts'
import type { ConnectionView } from '#server/agents/agents.ts'

interface AgentsSettingsProps {
  connections: ConnectionView[]
  /** Names of REPLs by id. */
  names: Readonly<Record<string, string>>
  now: number
}

/** Programs and tokens that somebody has let in, everywhere, and the way to cut each off. */
export function AgentsSettings({ connections: first, names, now }: AgentsSettingsProps) {
  const [connections, setConnections] = useState(first)
  const [busy, setBusy] = useState<string>()
  const [error, setError] = useState<WireError>()
  const cut = async (id: string) => {
    setBusy(id)
    try {
      await api().agents.cut.mutate({ connectionId: id })
      setConnections((known) => known.filter((connection) => connection.id !== id))
      setError(undefined)
    } catch (failure) {
      setError(wireErrorOf(failure))
    }
    setBusy(undefined)
  }
  return (
    <div className="flex flex-col gap-5">
      {connections.length === 0 ? (
        <p className="text-sm text-muted">
          No agent is let in. The Agents panel of a REPL has its address and what to tell your program.
        </p>
      ) : (
        <ul className="divide-y divide-line rounded-lg border border-line">
          {connections.map((connection) => (
            <Row
              key={connection.id}
              connection={connection}
              where={whereOf(connection, names)}
              now={now}
              isBusy={busy === connection.id}
              onCut={() => void cut(connection.id)}
            />
          ))}
        </ul>
      )}
      {error !== undefined && <ErrorState message={error.message} advice={error.advice} />}
      <AccountTokenForm onMade={(connection) => setConnections((known) => [connection, ...known])} />
    </div>
  )
}

interface RowProps {
  connection: ConnectionView
  where: string
  now: number
  isBusy: boolean
  onCut: () => void
}

function Row({ connection: { id, client, kind, scopes, lastUsedAt }, where, now, isBusy, onCut }: RowProps) {
  const used = lastUsedAt === undefined ? 'not used yet' : `used ${timeAgo(lastUsedAt, now)}`
  const may = scopes.map((scope) => scopeWords(scope).label.toLowerCase()).join(', ')
  return (
    <li className="flex items-center gap-3 px-3 py-2.5">
      <Avatar id={id} name={client} kind="agent" size="sm" />
      <div className="min-w-0 grow">
        <p className="truncate text-sm text-text">
          {client}
          {kind === 'token' && <span className="text-muted"> (token)</span>}
          <span className="text-muted"> · {where}</span>
        </p>
        <p className="truncate text-xs text-muted">{`May ${may} · ${used}`}</p>
      </div>
      <IconButton label={`Cut off ${client}`} onClick={onCut} disabled={isBusy}>
        {isBusy ? <SpinnerWheel /> : <Unplug aria-hidden />}
      </IconButton>
    </li>
  )
}

function whereOf({ resource }: ConnectionView, names: AgentsSettingsProps['names']): string {
  return resource.kind === 'account' ? 'your account' : (names[resource.replId] ?? 'a REPL that is gone')
}
