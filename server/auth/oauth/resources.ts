import { accountScopeSchema, agentScopeSchema } from '#protocol/agents.ts'
import { replIdSchema } from '#protocol/ids.ts'
import type { GrantScope, Resource } from '#server/agents/connection-record.ts'

const REPL = /^\/r\/([^/]+)\/mcp$/

/** What a resource indicator (RFC 8707) names here: exactly the canonical address, or `undefined`. */
export function resourceOf(indicator: string, issuer: string): Resource | undefined {
  if (!indicator.startsWith(`${issuer}/`)) return undefined
  const path = indicator.slice(issuer.length)
  if (path === '/mcp') return { kind: 'account' }
  const replId = replIdSchema.safeParse(REPL.exec(path)?.[1])
  return replId.success ? { kind: 'repl', replId: replId.data } : undefined
}

/** What can be asked for at a resource. */
export function scopesOf({ kind }: Pick<Resource, 'kind'>): GrantScope[] {
  return kind === 'repl' ? [...agentScopeSchema.options] : [...accountScopeSchema.options]
}

/** What is meant where nothing is asked for: everything but what is never given unasked. */
export function usualScopesOf(resource: Pick<Resource, 'kind'>): GrantScope[] {
  return scopesOf(resource).filter((scope) => scope !== 'repl:admin')
}
