import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Connections } from '#server/agents/connections.ts'
import type { AccessTokens } from '#server/auth/oauth/access-tokens.ts'
import type { Principal } from '#server/auth/principal.ts'
import type { Tokens } from '#server/auth/tokens.ts'
import { serveAccountAgent } from '#server/gateway/mcp/account-door.ts'
import { createAccountServer } from '#server/gateway/mcp/account-server.ts'
import { createSleeper } from '#server/gateway/mcp/asleep.ts'
import { createCallers } from '#server/gateway/mcp/callers.ts'
import { MCP_LIMITS } from '#server/gateway/mcp/limits.ts'
import type { McpLimits } from '#server/gateway/mcp/limits.ts'
import { createMeters } from '#server/gateway/mcp/meters.ts'
import { serveReplAgent } from '#server/gateway/mcp/repl-door.ts'
import { shareUse } from '#server/gateway/mcp/shared-use.ts'
import { createAgentTokens } from '#server/gateway/mcp/sidecar-call.ts'
import type { Parts } from '#server/gateway/parts.ts'
import type { Tunnels } from '#server/gateway/tunnels.ts'
import type { Metrics } from '#server/metrics/metrics.ts'
import type { History } from '#server/repls/history.ts'
import type { Repls } from '#server/repls/repls.ts'

/** What agents need beyond what people do. */
export interface McpDeps {
  connections: Connections
  accessTokens: AccessTokens
  userOf: (userId: string) => Promise<Principal | undefined>
  repls: Repls
  history: History
  callsPerMinute: number
  metrics: Pick<Metrics, 'callEnded'>
  /** For tests: other bounds. */
  limits?: Partial<McpLimits>
}

/** The way in for agents. */
export interface McpDoor extends AsyncDisposable {
  serveRepl(exchange: { request: IncomingMessage; response: ServerResponse }, replId: string): Promise<void>
  serveAccount(exchange: { request: IncomingMessage; response: ServerResponse }): Promise<void>
}

export function createMcpDoor(parts: Parts & { tunnels: Tunnels }, deps: McpDeps & { tokens: Tokens }): McpDoor {
  const { publicUrl, access, log } = parts
  const mcpLimits = { ...MCP_LIMITS, ...deps.limits }
  const meters = createMeters(mcpLimits, deps.callsPerMinute)
  const sharing = shareUse({ meters, stateStore: parts.stateStore, limits: mcpLimits, log })
  const own = {
    ...parts,
    mcpLimits,
    connections: deps.connections,
    callers: createCallers({ ...deps, access, publicUrl }),
    meters,
    sleeper: createSleeper((error) => log.debug('an answer for a sleeping repl failed', { error: error.message })),
    account: createAccountServer({ ...deps, publicUrl, log }),
    agentTokens: createAgentTokens(deps.tokens, mcpLimits),
  }
  return {
    serveRepl: (exchange, replId) => serveReplAgent(own, exchange, replId),
    serveAccount: (exchange) => serveAccountAgent(own, exchange),
    [Symbol.asyncDispose]: () => sharing[Symbol.asyncDispose](),
  }
}
