import type { Connections } from '#server/agents/connections.ts'
import type { Callers } from '#server/gateway/mcp/callers.ts'
import type { McpLimits } from '#server/gateway/mcp/limits.ts'
import type { Meters } from '#server/gateway/mcp/meters.ts'
import type { AgentTokens } from '#server/gateway/mcp/sidecar-call.ts'
import type { AccountServer } from '#server/gateway/mcp/account-server.ts'
import type { Sleeper } from '#server/gateway/mcp/asleep.ts'
import type { Parts } from '#server/gateway/parts.ts'
import type { Tunnels } from '#server/gateway/tunnels.ts'

/** What the way in for agents is built of. */
export interface McpParts extends Parts {
  mcpLimits: McpLimits
  connections: Connections
  callers: Callers
  meters: Meters
  sleeper: Sleeper
  account: AccountServer
  agentTokens: AgentTokens
  tunnels: Tunnels
}
