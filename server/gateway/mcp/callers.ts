import type { IncomingMessage } from 'node:http'
import type { AgentScope } from '#protocol/agents.ts'
import { scopesOfRole } from '#server/agents/connection-record.ts'
import type { Connection, GrantScope, Resource } from '#server/agents/connection-record.ts'
import { isOwnToken } from '#server/agents/connections.ts'
import type { Connections } from '#server/agents/connections.ts'
import type { AccessTokens } from '#server/auth/oauth/access-tokens.ts'
import type { Principal } from '#server/auth/principal.ts'
import { AppError } from '#server/errors.ts'
import { resourceUrl } from '#server/gateway/mcp/own-address.ts'
import type { Access } from '#server/repls/repls.ts'

/** An agent with its right, as of the last look. */
export interface Caller {
  who: Principal
  connection: Connection
  scopes: AgentScope[]
  /** What the person could let it do. */
  possible: readonly AgentScope[]
  expiresAt?: number
}

/** Who calls, by a bearer token that is good here. */
export interface Presented {
  connectionId: string
  /** What the token itself allows, at most. */
  scopes: readonly GrantScope[]
}

export interface Callers {
  /** `unauthenticated` for a missing, wrong, expired or revoked token, and for one of another address. */
  identify(request: IncomingMessage, resource: Resource): Promise<Presented>
  /** What it may do in a repl now; `not_found` where its person may not know of the repl. */
  inRepl(presented: Presented, replId: string): Promise<Caller>
  /** Whose account it is for, now. */
  ofAccount(presented: Presented): Promise<{ who: Principal; connection: Connection; scopes: GrantScope[] }>
}

export interface CallersDeps {
  connections: Connections
  accessTokens: AccessTokens
  userOf: (userId: string) => Promise<Principal | undefined>
  access: Access
  publicUrl: () => URL
}

export function createCallers({ connections, accessTokens, userOf, access, publicUrl }: CallersDeps): Callers {
  const alive = async ({ connectionId }: Presented) => {
    const connection = await connections.get(connectionId)
    if (connection === undefined) throw over()
    const who = await userOf(connection.userId)
    if (who === undefined) throw over()
    return { connection, who }
  }

  return {
    identify: async (request, resource) => {
      const token = bearerOf(request)
      if (isOwnToken(token)) {
        const connection = await connections.ofToken(token)
        if (connection === undefined) throw over()
        if (!isFor(connection, resource)) throw elsewhere()
        return { connectionId: connection.id, scopes: connection.scopes }
      }
      const { connectionId, scopes } = await accessTokens.verify(token, resourceUrl(publicUrl(), resource))
      const connection = await connections.get(connectionId)
      if (connection === undefined) throw over()
      if (!isSame(connection.resource, resource)) throw elsewhere()
      return { connectionId, scopes: connection.scopes.filter((scope) => scopes.includes(scope)) }
    },
    inRepl: async (presented, replId) => {
      const { connection, who } = await alive(presented)
      const { role, via } = await access.require(who, replId, 'viewer')
      const possible = scopesOfRole(role)
      const ends = [connection.expiresAt, via.kind === 'share' ? via.expiresAt : undefined].filter(
        (end) => end !== undefined,
      )
      return {
        who,
        connection,
        possible,
        scopes: possible.filter((scope) => presented.scopes.includes(scope)),
        ...(ends.length > 0 && { expiresAt: Math.min(...ends) }),
      }
    },
    ofAccount: async (presented) => {
      const { connection, who } = await alive(presented)
      return { connection, who, scopes: [...presented.scopes] }
    },
  }
}

function bearerOf({ headers }: IncomingMessage): string {
  const { authorization } = headers
  if (authorization === undefined) throw new AppError('unauthenticated', 'Missing Authorization header')
  const [, token] = /^Bearer +([^\s]+)$/i.exec(authorization) ?? []
  if (token === undefined) throw new AppError('unauthenticated', 'The Authorization header has no bearer token.')
  return token
}

/** A token for the account that names rights in REPLs is good in every REPL of its person. */
function isFor(connection: Connection, resource: Resource): boolean {
  if (isSame(connection.resource, resource)) return true
  return (
    resource.kind === 'repl' &&
    connection.resource.kind === 'account' &&
    connection.scopes.some((scope) => scope.startsWith('repl:'))
  )
}

function isSame(one: Resource, other: Resource): boolean {
  if (one.kind === 'account' || other.kind === 'account') return one.kind === other.kind
  return one.replId === other.replId
}

function over(): AppError {
  return new AppError('unauthenticated', 'This token is not valid here: it is unknown, has expired or was revoked.', {
    advice: 'Sign in again, or ask for a new token.',
  })
}

function elsewhere(): AppError {
  return new AppError('unauthenticated', 'This token is for another address.', {
    advice: 'Sign in at this one: each REPL lets agents in by itself.',
  })
}
