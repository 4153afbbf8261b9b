import type { Socket } from 'node:net'
import { MAX_FREE_TUNNELS, TUNNEL_WAIT_MS } from './limits.ts'
import { SidecarError } from './sidecar-error.ts'

interface Waiting {
  resolve(connection: Socket): void
  timer: NodeJS.Timeout
}

/**
 * Connections that the control plane opened to us, for our calls to it: where it can reach the pod but not the pod it
 * (a laptop with a kubeconfig). Each serves one call after the other until it closes; the control plane opens another.
 * Several control planes may open some. The newest is used first: one whose other end vanished without a word is old.
 */
export class ControlTunnel implements Disposable {
  readonly #free: Socket[] = []
  readonly #waiting: Waiting[] = []

  /** A new connection, not used yet. */
  add(connection: Socket): void {
    connection.on('error', () => connection.destroy())
    connection.once('close', () => this.#forget(connection))
    this.giveBack(connection)
  }

  /** A connection of one's own, to be given back. Fails if for `TUNNEL_WAIT_MS` none comes and none is given back. */
  async take(): Promise<Socket> {
    const free = this.#free.pop()
    if (free !== undefined) return free
    const { promise, resolve, reject } = Promise.withResolvers<Socket>()
    const timer = setTimeout(() => {
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
      reject(new SidecarError('unavailable', 'The control plane has not called for a while.'))
    }, TUNNEL_WAIT_MS)
    const waiting = { resolve, timer }
    this.#waiting.push(waiting)
    return await promise
  }

  /** One whose call is over. */
  giveBack(connection: Socket): void {
    if (connection.destroyed) return
    const [first, ...rest] = this.#waiting.splice(0)
    if (first === undefined) {
      this.#free.push(connection)
      if (this.#free.length > MAX_FREE_TUNNELS) this.#free.shift()?.destroy()
      return
    }
    clearTimeout(first.timer)
    first.resolve(connection)
    // It goes on: their turn comes.
    for (const { timer } of rest) timer.refresh()
    this.#waiting.push(...rest)
  }

  [Symbol.dispose](): void {
    for (const connection of this.#free.splice(0)) connection.destroy()
  }

  #forget(connection: Socket): void {
    const at = this.#free.indexOf(connection)
    if (at !== -1) this.#free.splice(at, 1)
  }
}
