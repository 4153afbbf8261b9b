import { z } from 'zod'
import { accountScopeSchema, agentScopeSchema } from '#protocol/agents.ts'
import type { AgentScope } from '#protocol/agents.ts'
import { opaqueIdSchema, replIdSchema } from '#protocol/ids.ts'
import type { Role } from '#protocol/roles.ts'

/** What a grant or token may be good for: REPLs, and the account itself. */
export const grantScopeSchema = z.union([agentScopeSchema, accountScopeSchema])
export type GrantScope = z.output<typeof grantScopeSchema>

/** What a grant or token is for: the `aud` of RFC 8707, in our terms. */
export const resourceSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('repl'), replId: replIdSchema }),
  z.object({ kind: z.literal('account') }),
])
export type Resource = z.output<typeof resourceSchema>

/** An agent that was let in: `agent-connection:<id>`. Without this record its tokens are nothing. */
export const connectionSchema = z.object({
  format: z.literal(1),
  /** Of a grant: the grant's. */
  id: z.string().min(1).max(100),
  kind: z.enum(['oauth', 'token']),
  userId: opaqueIdSchema,
  userName: z.string(),
  resource: resourceSchema,
  /** What the program calls itself, or what the token is called. */
  client: z.string(),
  scopes: z.array(grantScopeSchema),
  createdAt: z.number(),
  lastUsedAt: z.number().exactOptional(),
  expiresAt: z.number().exactOptional(),
  /** SHA-256 of a token's secret. */
  secretHash: z.string().exactOptional(),
})
export type Connection = z.output<typeof connectionSchema>

export const connectionKeys = {
  one: (id: string) => `agent-connection:${id}`,
  ofUser: (userId: string) => `agent-of-user:${userId}:`,
  ofRepl: (replId: string) => `agent-of-repl:${replId}:`,
}

/** The keys under which a connection is found. */
export function indexKeysOf({ id, userId, resource }: Connection): string[] {
  const ofUser = connectionKeys.ofUser(userId) + id
  return resource.kind === 'repl' ? [ofUser, connectionKeys.ofRepl(resource.replId) + id] : [ofUser]
}

const ROLE_SCOPES: Record<Role, readonly AgentScope[]> = {
  owner: ['repl:read', 'repl:write', 'repl:exec', 'repl:admin'],
  editor: ['repl:read', 'repl:write', 'repl:exec'],
  viewer: ['repl:read'],
}

/** What somebody of this role can let an agent do. */
export function scopesOfRole(role: Role): readonly AgentScope[] {
  return ROLE_SCOPES[role]
}

/** Where hints about a REPL's agents and their calls go. */
export function agentsChannel(replId: string): string {
  return `agents:${replId}`
}

/** Where it is said that a connection has ended, to whoever serves it. */
export function connectionChannel(id: string): string {
  return `agent-connection:${id}`
}
