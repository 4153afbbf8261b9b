import { Agent } from 'node:http'
import type { ClientRequestArgs } from 'node:http'
import { Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import type { Duplex } from 'node:stream'
import { AppError, toAppError } from '#server/errors.ts'
import type { GatewayLimits } from '#server/gateway/limits.ts'
import type { Sandboxes, Target } from '#server/gateway/sandboxes.ts'

/** Kept connections to ports in sandboxes, for the many requests of a page. */
export interface Tunnels extends Disposable {
  /** Speaks HTTP to a port: a pool of its own for each sandbox, generation and port. */
  agentFor(target: Target, port: number): Agent
  /** Speaks HTTP to the sidecar. */
  sidecarOf(target: Target): Agent
}

interface Pool {
  agent: TunnelAgent
  lastUsed: number
}

/** Pools of tunnels; those unused for a while are closed. */
export function createTunnels(sandboxes: Sandboxes, limits: GatewayLimits): Tunnels {
  const pools = new Map<string, Pool>()
  const timer = setInterval(() => {
    for (const [key, { agent, lastUsed }] of pools) {
      const isBusy = Object.keys(agent.sockets).length + Object.keys(agent.requests).length > 0
      if (isBusy || Date.now() - lastUsed < limits.tunnelPoolIdleMs) continue
      agent.destroy()
      pools.delete(key)
    }
  }, limits.tunnelPoolIdleMs / 2)
  timer.unref()

  const poolOf = ({ sandboxId, generation }: Target, end: string, open: () => Promise<Duplex>) => {
    const key = `${sandboxId}:${generation}:${end}`
    const pool = pools.get(key) ?? { agent: new TunnelAgent(open, limits), lastUsed: 0 }
    pool.lastUsed = Date.now()
    pools.set(key, pool)
    return pool.agent
  }

  return {
    agentFor: (target, port) => poolOf(target, String(port), () => sandboxes.tunnel(target, port)),
    sidecarOf: (target) => poolOf(target, 'sidecar', () => sandboxes.dialSidecar(target)),
    [Symbol.dispose]: () => {
      clearInterval(timer)
      for (const { agent } of pools.values()) agent.destroy()
      pools.clear()
    },
  }
}

/** node's pool of kept connections, over tunnels. */
class TunnelAgent extends Agent {
  readonly #open: () => Promise<Duplex>

  constructor(open: () => Promise<Duplex>, limits: GatewayLimits) {
    super({ keepAlive: true, maxSockets: limits.tunnelsPerPort, maxFreeSockets: limits.idleTunnelsPerPort })
    this.#open = open
  }

  override createConnection(
    _options: ClientRequestArgs,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    if (callback !== undefined) void this.#connect(callback)
  }

  async #connect(callback: (error: Error | null, stream: Duplex) => void): Promise<void> {
    const stream = await this.#open().catch((error: unknown) => toAppError(error))
    // node looks at the error alone; its type wants a stream beside it.
    if (stream instanceof AppError) callback(stream, new PassThrough())
    else callback(null, stream)
  }

  /** Only network sockets are kept: node sets timers and a guard against unasked bytes on what waits here. */
  override keepSocketAlive(stream: Duplex): boolean | void {
    return stream instanceof Socket ? super.keepSocketAlive(stream) : false
  }
}
