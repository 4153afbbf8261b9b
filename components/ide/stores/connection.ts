import { z } from 'zod'
import { CLOSE_CODES } from '#protocol/errors.ts'
import { decodeFrame, encodeFrame } from '#protocol/frames.ts'
import { MAX_MESSAGE_BYTES } from '#protocol/limits.ts'
import { serverMessageSchema } from '#protocol/messages.ts'
import type { Frame } from '#protocol/frames.ts'
import type { EventData, EventType, RequestParams, RequestResult, RequestType } from '#protocol/messages.ts'
import { reconnectDelayMs } from './backoff.ts'
import type { EarlySocket } from './early-socket.ts'
import {
  FIRST_PING_AFTER_MS,
  HELLO_TIMEOUT_MS,
  PING_EVERY_MS,
  PING_TIMEOUT_MS,
  REQUEST_TIMEOUT_MS,
  RETURN_PATIENCE_MS,
} from './limits.ts'
import { PendingRequests } from './pending-requests.ts'
import { RequestError, isCode } from './request-error.ts'
import { Store } from './store.ts'
import { isLongerThan } from './text-bytes.ts'
import { parseEvent, parseResult } from './typed.ts'

/** Where the line to the runner stands. `refused` is final: asking again cannot help. */
export type ConnectionState =
  | { kind: 'off' }
  /** `isReturn`: it was open before, so the runner is there. `since`: ms since the epoch. */
  | { kind: 'connecting'; attempt: number; isReturn: boolean; since: number }
  | { kind: 'open'; latencyMs?: number }
  | { kind: 'waiting'; attempt: number; retryAt: number; reason: string }
  | { kind: 'refused'; because: 'signed-out' | 'no-access' }

interface ConnectionOptions {
  /** The WebSocket's address. */
  url: string
  /** A line that was opened ahead: the first attempt is that one. */
  early?: EarlySocket
  /** A number of [0, 1), for the jitter. */
  random?: () => number
}

/**
 * The one line of this page to its runner: typed requests, events and terminal frames, and its own return after every
 * loss. Nothing is queued here: a request without a line fails at once as `unavailable`, and whoever asked asks again
 * when `hello` comes.
 */
export class Connection implements Disposable {
  readonly state = new Store<ConnectionState>({ kind: 'off' })
  readonly #options: ConnectionOptions
  readonly #pending = new PendingRequests()
  readonly #events = new Map<string, Set<(data: unknown) => void>>()
  readonly #frames = new Set<(frame: Frame) => void>()
  #socket: WebSocket | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #attempt = 0
  #wasOpen = false
  /** When anything came last (of `performance.now`). */
  #heardAt = 0

  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  /** Opens the line unless it is open or on its way. */
  start(): void {
    if (this.state.getSnapshot().kind === 'off') this.#connect()
  }

  /** Closes the line and stays off until `start`. */
  stop(): void {
    this.#drop()
    this.#attempt = 0
    this.#wasOpen = false
    this.state.set({ kind: 'off' })
  }

  /**
   * The network may be another one now, or somebody asks: ends the wait for the next attempt, begins a return anew that
   * has taken long, and looks whether an open line still is one.
   */
  retryNow(): void {
    const state = this.state.getSnapshot()
    if (state.kind === 'open') return this.#schedulePing(0)
    const isStuck = state.kind === 'connecting' && state.isReturn && Date.now() - state.since > RETURN_PATIENCE_MS
    if (state.kind !== 'waiting' && !isStuck) return
    this.#attempt = 0
    this.#connect()
  }

  /** Ends all attempts: the server has said that this person may not, or who they are is no longer known. */
  refuse(because: 'signed-out' | 'no-access'): void {
    this.#drop()
    this.state.set({ kind: 'refused', because })
  }

  /** Asks the runner. Rejects with `RequestError`. */
  async request<T extends RequestType>(
    type: T,
    params: RequestParams<T>,
    limitMs = REQUEST_TIMEOUT_MS,
  ): Promise<RequestResult<T>> {
    const socket = this.#socket
    if (socket === undefined || this.state.getSnapshot().kind !== 'open') {
      throw new RequestError({ code: 'unavailable', message: 'There is no connection to the REPL at the moment.' })
    }
    const { id, answer } = this.#pending.add(limitMs)
    const message = JSON.stringify({ id, type, params })
    // The runner would end the line over it, and the page would send it again on the next one.
    if (isLongerThan(message, MAX_MESSAGE_BYTES)) this.#pending.reject(id, tooLarge())
    else socket.send(message)
    return parseResult(type, await answer)
  }

  /** Sends a terminal frame; `false` where there is no line. */
  send(frame: Frame): boolean {
    if (this.#socket === undefined || this.state.getSnapshot().kind !== 'open') return false
    this.#socket.send(encodeFrame(frame))
    return true
  }

  /** Calls `listener` for each event of a type, until the returned function is called. */
  on<T extends EventType>(type: T, listener: (data: EventData<T>) => void): () => void {
    const listeners = this.#events.get(type) ?? new Set()
    this.#events.set(type, listeners)
    const parsed = (data: unknown): void => listener(parseEvent(type, data))
    listeners.add(parsed)
    return () => {
      listeners.delete(parsed)
    }
  }

  onFrame(listener: (frame: Frame) => void): () => void {
    this.#frames.add(listener)
    return () => {
      this.#frames.delete(listener)
    }
  }

  [Symbol.dispose](): void {
    this.stop()
  }

  #connect(): void {
    this.#drop()
    this.state.set({ kind: 'connecting', attempt: this.#attempt, isReturn: this.#wasOpen, since: Date.now() })
    const ahead = this.#options.early?.take()
    const socket = ahead?.socket ?? new WebSocket(this.#options.url)
    socket.binaryType = 'arraybuffer'
    this.#socket = socket
    socket.addEventListener('message', (event) => {
      if (socket !== this.#socket) return
      this.#heardAt = performance.now()
      this.#receiveOrGiveUp(event.data)
    })
    socket.addEventListener('close', (event) => {
      if (socket === this.#socket) this.#lost(event.code, event.reason)
    })
    this.#timer = setTimeout(() => this.#lost(0, 'The REPL did not answer.'), HELLO_TIMEOUT_MS)
    for (const message of ahead?.messages ?? []) if (socket === this.#socket) this.#receiveOrGiveUp(message)
  }

  /** A message that does not parse means that page and runner are of different versions. */
  #receiveOrGiveUp(data: unknown): void {
    try {
      this.#receive(data)
    } catch (error) {
      if (!(error instanceof z.ZodError)) throw error
      this.#lost(CLOSE_CODES.badRequest, 'The REPL sent something that this page does not know. Reload the page.')
    }
  }

  #receive(data: unknown): void {
    if (data instanceof ArrayBuffer) {
      const frame = decodeFrame(new Uint8Array(data))
      if (frame !== undefined) for (const listener of this.#frames) listener(frame)
      return
    }
    const message = serverMessageSchema.safeParse(parseJson(data))
    if (!message.success) return
    if ('event' in message.data) this.#dispatch(message.data.event, message.data.data)
    else if ('error' in message.data) this.#pending.reject(message.data.id, new RequestError(message.data.error))
    else this.#pending.resolve(message.data.id, message.data.result)
  }

  #dispatch(event: string, data: unknown): void {
    if (event === 'hello') this.#opened()
    for (const listener of this.#events.get(event) ?? []) listener(data)
  }

  #opened(): void {
    this.#attempt = 0
    this.#wasOpen = true
    this.state.set({ kind: 'open' })
    this.#schedulePing(FIRST_PING_AFTER_MS)
  }

  #schedulePing(afterMs: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#ping(), afterMs)
  }

  async #ping(): Promise<void> {
    const startedAt = performance.now()
    const socket = this.#socket
    const waiting = socket?.bufferedAmount ?? 0
    try {
      await this.request('ping', {}, PING_TIMEOUT_MS)
    } catch (error) {
      if (!isCode(error, 'timeout') || socket !== this.#socket) return
      // It may wait behind a large file, either way: a line over which something moves is slow, not dead.
      const hasMoved = this.#heardAt > startedAt || (socket?.bufferedAmount ?? 0) < waiting
      if (hasMoved) this.#schedulePing(0)
      else this.#lost(0, 'The REPL stopped answering.')
      return
    }
    if (socket !== this.#socket) return
    this.state.set({ kind: 'open', latencyMs: performance.now() - startedAt })
    this.#schedulePing(PING_EVERY_MS)
  }

  #lost(code: number, reason: string): void {
    if (code === CLOSE_CODES.unauthenticated) return this.refuse('signed-out')
    if (code === CLOSE_CODES.forbidden || code === CLOSE_CODES.notFound) return this.refuse('no-access')
    this.#drop()
    const delayMs = reconnectDelayMs(this.#attempt, (this.#options.random ?? Math.random)())
    this.#attempt += 1
    this.state.set({
      kind: 'waiting',
      attempt: this.#attempt,
      retryAt: Date.now() + delayMs,
      reason: reason || 'The connection was lost.',
    })
    this.#timer = setTimeout(() => this.#connect(), delayMs)
  }

  /** Lets go of the socket and of everything that waits on it. */
  #drop(): void {
    clearTimeout(this.#timer)
    const socket = this.#socket
    this.#socket = undefined
    socket?.close()
    this.#pending.rejectAll(new RequestError({ code: 'unavailable', message: 'The connection to the REPL was lost.' }))
  }
}

function tooLarge(): RequestError {
  return new RequestError({
    code: 'too_large',
    message: 'It is larger than what fits into one message to the REPL.',
    advice: 'Make it shorter, or upload it as a file.',
  })
}

function parseJson(data: unknown): unknown {
  if (typeof data !== 'string') return undefined
  try {
    return JSON.parse(data)
  } catch {
    return undefined
  }
}
