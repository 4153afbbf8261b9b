import type { AgentCallsPage, AgentConnection, AgentScope } from '#protocol/agents.ts'
import { agentScopeSchema } from '#protocol/agents.ts'
import type { AgentEvent, CallLog } from '#server/agents/calls.ts'
import { scopesOfRole } from '#server/agents/connection-record.ts'
import type { Connection, GrantScope, Resource } from '#server/agents/connection-record.ts'
import type { Connections } from '#server/agents/connections.ts'
import type { Principal } from '#server/auth/principal.ts'
import { AppError } from '#server/errors.ts'
import type { History } from '#server/repls/history.ts'
import type { Access } from '#server/repls/repls.ts'

/** A connection with what it is for, as the settings page lists it. */
export interface ConnectionView extends Omit<AgentConnection, 'scopes'> {
  resource: Resource
  scopes: GrantScope[]
}

/** What pages do with agents. Every call checks who asks. */
export interface Agents {
  /** The owner sees all of a REPL's, others their own. */
  connections(who: Principal, replId: string): Promise<AgentConnection[]>
  /** All that somebody has let in, everywhere. */
  mine(who: Principal): Promise<ConnectionView[]>
  /** By who let it in, or by the REPL's owner. Its next call and open streams end within a second. */
  cut(who: Principal, connectionId: string): Promise<void>
  calls(who: Principal, replId: string, before?: string): Promise<AgentCallsPage>
  watch(who: Principal, replId: string, signal: AbortSignal): AsyncIterable<AgentEvent>
  /** Brings back the files as they were before the run; what was there is the snapshot `undo`. */
  undoRun(who: Principal, replId: string, run: string): Promise<{ undo: string }>
  /** For a REPL, or for the account: then the REPL's scopes count in every REPL of theirs. */
  createToken(who: Principal, wanted: TokenRequest): Promise<{ token: string; connection: ConnectionView }>
}

export interface TokenRequest {
  resource: Resource
  name: string
  scopes: GrantScope[]
  expiresAt?: number
}

interface AgentsDeps {
  connections: Connections
  calls: CallLog
  access: Access
  history: History
  /** What else an end of a grant takes along: its refresh tokens. */
  onCut: (connection: Connection) => Promise<void>
}

export function createAgents({ connections, calls, access, history, onCut }: AgentsDeps): Agents {
  return {
    connections: async (who, replId) => {
      const { role } = await access.require(who, replId, 'viewer')
      const all = await connections.ofRepl(replId)
      return all.filter(({ userId }) => role === 'owner' || userId === who.id).map(replView)
    },
    mine: async (who) => (await connections.ofUser(requireUser(who).id)).map(viewOf),
    cut: async (who, connectionId) => {
      const connection = await connections.get(connectionId)
      if (connection === undefined || !(await mayCut(who, connection)))
        throw new AppError('not_found', 'This agent is not let in any more, or not by you.')
      await connections.end(connection)
      await onCut(connection)
    },
    calls: async (who, replId, before) => {
      await access.require(who, replId, 'viewer')
      return calls.page(replId, before)
    },
    watch: async function* (who, replId, signal) {
      await access.require(who, replId, 'viewer')
      for await (const event of calls.watch(replId, signal)) {
        await access.require(who, replId, 'viewer')
        yield event
      }
    },
    undoRun: async (who, replId, run) => {
      await access.require(who, replId, 'editor')
      const id = await calls.checkpointOf(replId, run)
      if (id === undefined) {
        throw new AppError('not_found', 'This run changed nothing, or it is too long ago.', {
          advice: 'The history has what else can be brought back.',
        })
      }
      return history.restore(who, replId, { id })
    },
    createToken: async (who, { resource, name, scopes, expiresAt }) => {
      const user = requireUser(who)
      if (resource.kind === 'repl') await checkScopes(user, resource.replId, scopes)
      const { connection, token } = await connections.issue({
        userId: user.id,
        userName: user.name,
        resource,
        client: name,
        scopes,
        ...(expiresAt !== undefined && { expiresAt }),
      })
      return { token, connection: viewOf(connection) }
    },
  }

  async function mayCut(who: Principal, { userId, resource }: Connection): Promise<boolean> {
    if (userId === who.id) return true
    return resource.kind === 'repl' && (await access.grantOf(who, resource.replId))?.role === 'owner'
  }

  async function checkScopes(who: Principal, replId: string, scopes: GrantScope[]): Promise<void> {
    const { role } = await access.require(who, replId, 'viewer')
    const allowed: readonly GrantScope[] = scopesOfRole(role)
    const excess = scopes.find((scope) => !allowed.includes(scope))
    if (excess === undefined) return
    throw new AppError('forbidden', `A token of yours cannot have ${excess} here: your role is ${role}.`, {
      advice: 'Ask the owner of this REPL for more, or leave it out.',
    })
  }
}

function requireUser(who: Principal): Extract<Principal, { kind: 'user' }> {
  if (who.kind === 'user') return who
  throw new AppError('forbidden', 'A visitor with a link cannot let agents in.', { advice: 'Sign in first.' })
}

function viewOf(connection: Connection): ConnectionView {
  const { id, kind, resource, client, userName, scopes, createdAt, lastUsedAt, expiresAt } = connection
  return {
    id,
    kind,
    resource,
    client,
    actor: userName,
    scopes,
    createdAt,
    ...(lastUsedAt !== undefined && { lastUsedAt }),
    ...(expiresAt !== undefined && { expiresAt }),
  }
}

function replView(connection: Connection): AgentConnection {
  const { resource: _, scopes, ...view } = viewOf(connection)
  return { ...view, scopes: scopes.filter((scope) => isAgentScope(scope)) }
}

function isAgentScope(scope: GrantScope): scope is AgentScope {
  return agentScopeSchema.safeParse(scope).success
}
