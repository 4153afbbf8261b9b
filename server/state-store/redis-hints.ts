import { setTimeout as pause } from 'node:timers/promises'
import { AppError } from '#server/errors.ts'
import { Hints } from '#server/state-store/hints.ts'
import type { Json } from '#server/state-store/state-store.ts'

/** How long the server has to confirm a subscription. */
const CONFIRM_TIMEOUT_MS = 5_000

/** Waits between attempts to subscribe again: the last one repeats for as long as the store is open. */
const RESUBSCRIBE_DELAYS_MS = [100, 500, 2_000, 10_000]

/** Beats missed until a stream that still looks open is given up. */
const MISSED_BEATS = 2.5

/** What the stream of all channels tells. */
export interface StreamEvents {
  confirmed(): void
  heard(channel: string, message: Json): void
  /** The stream ended or was refused; may come more than once. */
  lost(): void
}

interface HintStream {
  /** Opens one stream that carries every channel. */
  open(events: StreamEvents): Disposable
  /** Publishes something that comes back on the stream. */
  beat(): Promise<void>
  heartbeatMs: number
}

/**
 * Keeps one stream of hints open for the whole process. Over HTTPS a stream that is gone ends without a word, so a
 * beat of our own goes through it, and silence means that it is lost.
 */
export class RedisHints implements AsyncDisposable {
  readonly #source: HintStream
  readonly #local = new Hints()
  readonly #closing = new AbortController()
  #running: Promise<void> | undefined
  #stream: { handle: Disposable; confirmed: Promise<void>; ended: Promise<void> } | undefined

  constructor(source: HintStream) {
    this.#source = source
  }

  /** Resolves when hints published from now on arrive. */
  async subscribe(channel: string, listener: (message: Json) => void): Promise<AsyncDisposable> {
    if (this.#closing.signal.aborted) throw new AppError('unavailable', 'The state store is closed.')
    const subscription = this.#local.add(channel, listener)
    try {
      this.#stream ??= this.#open()
      await this.#stream.confirmed
      this.#running ??= this.#keepOpen()
      return subscription
    } catch (error) {
      await subscription[Symbol.asyncDispose]()
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    this.#stream?.handle[Symbol.dispose]()
    await this.#running
  }

  #open() {
    const confirmed = Promise.withResolvers<void>()
    const ended = Promise.withResolvers<void>()
    // Nobody may be waiting for it.
    confirmed.promise.catch(() => undefined)
    let heardAt = Date.now()
    const { heartbeatMs } = this.#source
    const lose = (reason: string) => {
      clearInterval(heart)
      clearTimeout(patience)
      handle[Symbol.dispose]()
      if (this.#stream?.handle === handle) this.#stream = undefined
      confirmed.reject(new AppError('unavailable', `The Redis server does not take a subscription: ${reason}.`))
      ended.resolve()
    }
    const heart = setInterval(() => {
      if (Date.now() - heardAt > heartbeatMs * MISSED_BEATS) lose('it fell silent')
      // A beat that could not be sent is one that does not come back.
      else this.#source.beat().catch(() => undefined)
    }, heartbeatMs).unref()
    const patience = setTimeout(() => lose(`no answer within ${CONFIRM_TIMEOUT_MS} ms`), CONFIRM_TIMEOUT_MS)
    const handle = this.#source.open({
      confirmed: () => {
        clearTimeout(patience)
        confirmed.resolve()
      },
      heard: (channel, message) => {
        heardAt = Date.now()
        this.#local.deliver(channel, message)
      },
      lost: () => queueMicrotask(() => lose('the connection was lost')),
    })
    this.#closing.signal.addEventListener('abort', () => lose('the state store is closed'), { once: true })
    return { handle, confirmed: confirmed.promise, ended: ended.promise }
  }

  /** Subscribes again whenever the stream is lost, until closed. */
  async #keepOpen(): Promise<void> {
    const { signal } = this.#closing
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        this.#stream ??= this.#open()
        const { confirmed, ended } = this.#stream
        await confirmed
        attempt = 0
        await ended
      } catch {
        // Tried again below; hints may be lost.
      }
      const delay = RESUBSCRIBE_DELAYS_MS[Math.min(attempt, RESUBSCRIBE_DELAYS_MS.length - 1)]
      await pause(delay, undefined, { signal, ref: false }).catch(() => undefined)
    }
  }
}
