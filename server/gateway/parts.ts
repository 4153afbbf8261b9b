import type { SignInAuthenticator } from '#server/auth/principal.ts'
import type { Tokens } from '#server/auth/tokens.ts'
import type { McpDeps } from '#server/gateway/mcp/create-mcp-door.ts'
import type { AccessWatch } from '#server/gateway/access-watch.ts'
import type { Site } from '#server/gateway/addresses.ts'
import type { LiveSockets } from '#server/gateway/live-sockets.ts'
import type { GatewayLimits } from '#server/gateway/limits.ts'
import type { Sandboxes } from '#server/gateway/sandboxes.ts'
import type { SocketCounts } from '#server/gateway/socket-counts.ts'
import type { Log } from '#server/log.ts'
import type { Orchestrator } from '#server/orchestrator/orchestrator.ts'
import type { ConnectionsAhead } from '#server/workspaces/connections-ahead.ts'
import type { Company } from '#server/repls/company.ts'
import type { Access, Lifecycle } from '#server/repls/repls.ts'
import type { StateStore } from '#server/state-store/state-store.ts'

/** What the gateway is built on. */
export interface GatewayDeps extends Site {
  auth: SignInAuthenticator
  access: Access
  /** Who has a page open. */
  company: Pick<Company, 'join'>
  lifecycle: Lifecycle
  orchestrator: Orchestrator
  /** Connections to runners, some of them made while a start went on. */
  runners: Pick<ConnectionsAhead, 'take'>
  tokens: Tokens
  stateStore: StateStore
  /** 32 bytes: signs preview cookies. */
  previewKey: Uint8Array
  agents: McpDeps
  log: Log
  /** For tests: other bounds. */
  limits?: Partial<GatewayLimits>
}

/** What the gateway's doors share. */
export interface Parts extends Omit<GatewayDeps, 'limits' | 'orchestrator' | 'runners' | 'tokens'> {
  limits: GatewayLimits
  watch: AccessWatch
  sandboxes: Sandboxes
  live: LiveSockets
  counts: SocketCounts
}
