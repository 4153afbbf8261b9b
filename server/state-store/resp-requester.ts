import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { connectResp } from '#server/state-store/resp-connection.ts'
import { RespError } from '#server/state-store/resp.ts'
import type { RespConnection } from '#server/state-store/resp-connection.ts'
import type { Reply } from '#server/state-store/resp.ts'

/** What the Redis client asks of its transport: a command, or (with a path) a stream of messages. */
interface RespRequest {
  path?: string[]
  body?: unknown
  onMessage?: (data: string) => void
  signal?: AbortSignal
}

/** Waits between attempts to connect, for one caller. Then it hears `unavailable`; the next caller tries anew. */
const RECONNECT_DELAYS_MS = [50, 200, 500]

const commandSchema = z.array(z.union([z.string(), z.number(), z.boolean().transform(String)])).min(1)
const pushSchema = z.array(z.union([z.string(), z.number(), z.null()]))

/**
 * Speaks RESP to any Redis or Valkey for a client that was made for HTTPS. All commands share one connection, a
 * subscription has its own. Nothing that was sent is ever sent again: whoever lost the reply knows best what to do.
 */
export class RespRequester implements AsyncDisposable {
  readonly #url: URL
  readonly #closing = new AbortController()
  readonly #streams = new Set<RespConnection>()
  #connection: Promise<RespConnection> | undefined

  constructor(url: string) {
    this.#url = new URL(url)
  }

  /** A command's reply, or the start of a stream (`path` is `['psubscribe', pattern]` then). */
  async exchange(request: RespRequest): Promise<{ result?: unknown; error?: string }> {
    const reply =
      request.path === undefined
        ? await (await this.#connected()).send(commandSchema.parse(request.body))
        : await this.#stream(request.path, request)
    return reply instanceof RespError ? { error: reply.message } : { result: reply }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    for (const stream of this.#streams) stream[Symbol.dispose]()
    const connection = await this.#connection?.catch(() => undefined)
    connection?.[Symbol.dispose]()
  }

  /** The shared connection, made anew if it was lost. Whoever comes while it is being made waits for the same one. */
  async #connected(): Promise<RespConnection> {
    const current = this.#connection
    const connection = await current?.catch(() => undefined)
    if (connection?.isOpen === true) return connection
    // Of those who found it lost, the first has replaced it by now.
    if (this.#connection === current) this.#connection = this.#connect()
    return this.#connection ?? this.#connect()
  }

  async #connect(): Promise<RespConnection> {
    for (const delay of RECONNECT_DELAYS_MS) {
      try {
        return await connectResp(this.#url, this.#closing.signal)
      } catch {
        await pause(delay, undefined, { signal: this.#closing.signal })
      }
    }
    return connectResp(this.#url, this.#closing.signal)
  }

  /** A subscription's messages in the form of the HTTPS API; its loss reads as `punsubscribe`. */
  async #stream([kind = '', pattern = '']: string[], request: RespRequest): Promise<Reply> {
    if (kind !== 'psubscribe') throw new Error(`${kind} is not a stream that this transport has`)
    const connection = await connectResp(this.#url, request.signal)
    this.#streams.add(connection)
    const tell = (reply: Reply) => request.onMessage?.(pushSchema.parse(reply).join(','))
    connection.onPush = tell
    connection.onClose = () => {
      this.#streams.delete(connection)
      if (request.signal?.aborted !== true) request.onMessage?.(`punsubscribe,${pattern},0`)
    }
    request.signal?.addEventListener('abort', () => connection[Symbol.dispose](), { once: true })
    const confirmed = await connection.send(['PSUBSCRIBE', pattern])
    if (confirmed instanceof RespError) connection[Symbol.dispose]()
    else tell(confirmed)
    return confirmed instanceof RespError ? confirmed : 1
  }
}
