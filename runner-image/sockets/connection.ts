import type { WebSocket } from 'ws'
import { decodeFrame } from '#protocol/frames.ts'
import type { AttachClaims } from '#protocol/claims.ts'
import { closeCodeOf } from '#protocol/errors.ts'
import { CONNECTION_SILENCE_MS } from '#protocol/limits.ts'
import { requestEnvelopeSchema } from '#protocol/messages.ts'
import type { EventData, EventType } from '#protocol/messages.ts'
import { isAtLeast } from '#protocol/roles.ts'
import { RunnerError, toRunnerError, toWireError } from '../errors.ts'
import {
  FAIR_CONNECTION_BACKLOG_BYTES,
  MAX_BACKLOG_BYTES,
  MAX_CONNECTION_BACKLOG_BYTES,
  MAX_REQUESTS_IN_FLIGHT,
} from '../limits.ts'
import type { Log } from '../log.ts'
import { Channels } from './channels.ts'
import type { AnswerRequest } from './handlers.ts'

interface ConnectionOptions {
  socket: WebSocket
  claims: AttachClaims
  answer: AnswerRequest
  log: Log
  /** Bytes that wait for all clients together. */
  waitingBytes(): number
  onClose(connection: Connection): void
}

/** One client: decodes what it sends, keeps it within its role and its limits, encodes what it is told. */
export class Connection {
  readonly claims: AttachClaims
  readonly channels: Channels
  readonly #ended = new AbortController()
  readonly #options: ConnectionOptions
  readonly #socket: WebSocket
  readonly #heartbeat: NodeJS.Timeout
  #inFlight = 0
  #heardAt = performance.now()
  #pingedAt: number | undefined
  #roundTripMs = 0

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#socket = options.socket
    this.claims = options.claims
    this.channels = new Channels({
      send: (frame) => this.#send(frame),
      roundTripMs: () => this.#roundTripMs,
      mayPace: isAtLeast(options.claims.role, 'editor'),
    })
    this.#socket.on('message', (data, isBinary) => this.#receive(data, isBinary))
    this.#socket.on('pong', () => this.#heard())
    // `ws` itself closes then, with the code that says why (RFC 6455 §7.4.1); ending it here would cut that off.
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => this.#closed())
    this.#heartbeat = setInterval(() => this.#beat(), CONNECTION_SILENCE_MS / 3)
    this.#ping()
  }

  /** Bytes that the client has not taken yet. */
  get waitingBytes(): number {
    return this.#socket.bufferedAmount
  }

  /** Aborted when it is closed. */
  get signal(): AbortSignal {
    return this.#ended.signal
  }

  /** Tells of an event. That a terminal's process ended is told after the last byte it wrote. */
  publish<T extends EventType>(event: T, data: EventData<T>): void {
    const ended = endedTerminal(data)
    const send = () => this.#send(JSON.stringify({ event, data }))
    if (ended === undefined) send()
    else this.channels.whenDrained(ended, send)
    if (event === 'terminal.closed' && 'terminal' in data && typeof data.terminal === 'string') {
      this.channels.detachFrom(data.terminal)
    }
  }

  close(code: number, reason: string): void {
    // A close frame holds at most 123 bytes of reason (RFC 6455 §5.5).
    this.#socket.close(
      code,
      Buffer.from(reason)
        .subarray(0, 120)
        .toString()
        .replace(/\ufffd$/, ''),
    )
  }

  terminate(): void {
    this.#socket.terminate()
  }

  #receive(data: Buffer | ArrayBuffer | Buffer[], isBinary: boolean): void {
    this.#heardAt = performance.now()
    // With its default settings `ws` hands out one buffer a message.
    if (!Buffer.isBuffer(data) || this.#socket.readyState !== this.#socket.OPEN) return
    try {
      if (isBinary) this.#receiveFrame(data)
      else this.#receiveRequest(data.toString('utf8'))
    } catch (error) {
      const { code, message } = toRunnerError(error)
      this.close(closeCodeOf(code), message)
    }
  }

  #receiveFrame(bytes: Uint8Array): void {
    const frame = decodeFrame(bytes)
    if (frame === undefined) throw new RunnerError('bad_request', 'This binary message is not a terminal frame.')
    if (frame.kind === 'input' && !isAtLeast(this.claims.role, 'editor')) {
      throw new RunnerError('forbidden', 'A viewer cannot type.')
    }
    this.channels.receive(frame)
  }

  #receiveRequest(text: string): void {
    const envelope = requestEnvelopeSchema.safeParse(parseJson(text))
    if (!envelope.success)
      throw new RunnerError('bad_request', 'This text message is not a request {id, type, params}.')
    const { id, type, params } = envelope.data
    if (++this.#inFlight >= MAX_REQUESTS_IN_FLIGHT) this.#socket.pause()
    void this.#options
      .answer(this, type, params)
      .then(
        (result) => ({ id, result }),
        (error: unknown) => {
          if (toRunnerError(error).code === 'internal') this.#options.log.error('A request failed.', error, { type })
          return { id, error: toWireError(error) }
        },
      )
      .then((answer) => this.#send(JSON.stringify(answer), () => this.#answered()))
  }

  #answered(): void {
    if (--this.#inFlight < MAX_REQUESTS_IN_FLIGHT && this.#socket.isPaused) this.#socket.resume()
  }

  /** `onSent` runs when the bytes have left this process, or never will. */
  #send(message: string | Uint8Array, onSent?: () => void): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return onSent?.()
    this.#socket.send(message, onSent)
    if (this.#isTooFarBehind()) this.#socket.terminate()
  }

  /** One client that reads nothing is cut off late; where many do, those that hold the memory go first. */
  #isTooFarBehind(): boolean {
    const { waitingBytes } = this
    if (waitingBytes <= FAIR_CONNECTION_BACKLOG_BYTES) return false
    return waitingBytes > MAX_CONNECTION_BACKLOG_BYTES || this.#options.waitingBytes() > MAX_BACKLOG_BYTES
  }

  #heard(): void {
    const now = performance.now()
    this.#heardAt = now
    if (this.#pingedAt === undefined) return
    const sample = now - this.#pingedAt
    this.#pingedAt = undefined
    // The least seen is the network's; anything more is queueing, which a window must not chase.
    this.#roundTripMs = this.#roundTripMs === 0 ? sample : Math.min(this.#roundTripMs, sample)
  }

  #beat(): void {
    if (performance.now() - this.#heardAt > CONNECTION_SILENCE_MS && !this.#socket.isPaused) this.terminate()
    else this.#ping()
  }

  #ping(): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return
    this.#pingedAt = performance.now()
    this.#socket.ping()
  }

  #closed(): void {
    clearInterval(this.#heartbeat)
    this.#ended.abort()
    this.channels.detachAll()
    this.#options.onClose(this)
  }
}

function endedTerminal(data: EventData<EventType>): string | undefined {
  return 'terminal' in data && typeof data.terminal === 'object' && data.terminal.exit !== undefined
    ? data.terminal.id
    : undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
