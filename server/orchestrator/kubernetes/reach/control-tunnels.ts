import { request } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { SIDECAR_ROUTES } from '#protocol/adoption.ts'
import { CONTROL_TUNNELS } from '#protocol/limits.ts'
import type { Tokens } from '#server/auth/tokens.ts'
import { AppError } from '#server/errors.ts'
import { TUNNEL_ANSWER_MS, TUNNEL_LASTED_MS, TUNNEL_RETRY_MAX_MS, TUNNEL_RETRY_MS } from '../limits.ts'

interface TunnelDeps {
  dial: (sandboxId: string) => Promise<Duplex>
  tokens: Pick<Tokens, 'sidecar'>
  /** Answers the calls that come over a connection, as the internal API does. */
  serve: (connection: Duplex) => void
  /** How long a sidecar may take to accept a connection. */
  answerMs?: number
}

/** For pods that cannot reach us: connections which we open, and they use for their calls. */
export class ControlTunnels implements AsyncDisposable {
  readonly #deps: TunnelDeps
  readonly #kept = new Map<string, { controller: AbortController; done: Promise<unknown> }>()

  constructor(deps: TunnelDeps) {
    this.#deps = deps
  }

  /** Keeps connections to this sandbox from now on. */
  keep(sandboxId: string): void {
    if (this.#kept.has(sandboxId)) return
    const controller = new AbortController()
    const lanes = Array.from({ length: CONTROL_TUNNELS }, () => this.#keepOne(sandboxId, controller.signal))
    this.#kept.set(sandboxId, { controller, done: Promise.all(lanes) })
  }

  drop(sandboxId: string): void {
    this.#kept.get(sandboxId)?.controller.abort()
    this.#kept.delete(sandboxId)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#kept.values()]
    for (const { controller } of all) controller.abort()
    await Promise.all(all.map(({ done }) => done))
  }

  async #keepOne(sandboxId: string, signal: AbortSignal): Promise<void> {
    let wait = TUNNEL_RETRY_MS
    while (!signal.aborted) {
      const since = Date.now()
      try {
        const connection = await this.#open(sandboxId, signal)
        this.#deps.serve(connection)
        await closed(connection, signal)
      } catch {
        // The sandbox may be starting, ending or out of reach: it is tried as long as there is one.
      }
      if (Date.now() - since > TUNNEL_LASTED_MS) wait = TUNNEL_RETRY_MS
      await delay(wait, undefined, { signal }).catch(() => undefined)
      wait = Math.min(wait * 2, TUNNEL_RETRY_MAX_MS)
    }
  }

  async #open(sandboxId: string, signal: AbortSignal): Promise<Duplex> {
    const token = await this.#deps.tokens.sidecar({ sandbox: sandboxId, purpose: 'control' })
    const connection = await this.#deps.dial(sandboxId)
    const { promise, resolve, reject } = Promise.withResolvers<Duplex>()
    const asking = request({
      createConnection: () => connection,
      path: SIDECAR_ROUTES.control,
      headers: { host: 'sidecar', authorization: `Bearer ${token}`, connection: 'Upgrade', upgrade: 'devex-control' },
      signal,
    })
    asking.once('upgrade', (_answer, socket: Duplex, head: Buffer) => {
      if (head.length > 0) socket.unshift(head)
      resolve(socket)
    })
    asking.once('response', (answer) => {
      answer.destroy()
      reject(new AppError('unavailable', `The sidecar of ${sandboxId} takes no connection (${answer.statusCode}).`))
    })
    asking.once('error', reject)
    asking.end()
    const { answerMs = TUNNEL_ANSWER_MS } = this.#deps
    const timer = setTimeout(() => {
      asking.destroy(new AppError('unavailable', `The sidecar of ${sandboxId} did not answer in time.`))
    }, answerMs)
    return await promise.finally(() => clearTimeout(timer))
  }
}

async function closed(connection: Duplex, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = () => {
      connection.destroy()
      resolve()
    }
    if (signal.aborted || connection.destroyed) return end()
    signal.addEventListener('abort', end, { once: true })
    connection.on('error', () => connection.destroy())
    connection.once('close', () => {
      signal.removeEventListener('abort', end)
      resolve()
    })
  })
}
