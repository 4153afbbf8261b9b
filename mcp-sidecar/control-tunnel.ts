import type { Duplex } from 'node:stream'
import { CONTROL_TUNNELS } from '#protocol/limits.ts'
import { TUNNEL_WAIT_MS } from './limits.ts'
import { SidecarError } from './sidecar-error.ts'

/**
 * Connections that the control plane opened to us, for our calls to it: where it can reach the pod but not the pod it
 * (a laptop with a kubeconfig). Each serves one call after the other until it closes; the control plane opens another.
 */
export class ControlTunnel implements Disposable {
  readonly #free: Duplex[] = []
  readonly #waiting: ((connection: Duplex) => void)[] = []

  /** A new connection, not used yet. */
  add(connection: Duplex): void {
    const waiting = this.#waiting.shift()
    if (waiting !== undefined) return waiting(connection)
    if (this.#free.length >= CONTROL_TUNNELS) return void connection.destroy()
    this.#free.push(connection)
    connection.on('error', () => connection.destroy())
    connection.once('close', () => this.#forget(connection))
  }

  /** A connection of one's own, waited for at most `TUNNEL_WAIT_MS`. */
  async take(): Promise<Duplex> {
    const free = this.#free.shift()
    if (free !== undefined) return free
    const { promise, resolve, reject } = Promise.withResolvers<Duplex>()
    this.#waiting.push(resolve)
    const timer = setTimeout(() => {
      this.#waiting.splice(this.#waiting.indexOf(resolve), 1)
      reject(new SidecarError('unavailable', 'The control plane has not called for a while.'))
    }, TUNNEL_WAIT_MS)
    try {
      return await promise
    } finally {
      clearTimeout(timer)
    }
  }

  [Symbol.dispose](): void {
    for (const connection of this.#free.splice(0)) connection.destroy()
  }

  #forget(connection: Duplex): void {
    const at = this.#free.indexOf(connection)
    if (at !== -1) this.#free.splice(at, 1)
  }
}
