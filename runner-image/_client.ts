import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { decodeFrame, encodeFrame } from '#protocol/frames.ts'
import type { Frame } from '#protocol/frames.ts'
import { wireErrorSchema } from '#protocol/errors.ts'
import type { WireError } from '#protocol/errors.ts'
import { events, requests, serverMessageSchema } from '#protocol/messages.ts'
import type { EventData, EventType, RequestParams, RequestResult, RequestType } from '#protocol/messages.ts'

/** How long a test waits for what must come. */
const PATIENCE_MS = 15_000

/** A request that the runner refused. */
export class Refused extends Error {
  readonly wire: WireError

  constructor(wire: WireError) {
    super(`${wire.code}: ${wire.message}`)
    this.wire = wire
  }
}

type Handled = Record<string, ((message: { result?: unknown; error?: unknown }) => void) | undefined>

/** A client of a runner's WebSocket, for tests: typed requests, events as they come, terminals with their output. */
export class TestClient implements Disposable {
  readonly socket: WebSocket
  readonly events: { event: string; data: unknown }[] = []
  readonly terminals = new Map<number, TestTerminal>()
  /** Frames of channels that are not known yet: the first may arrive with the answer to `attach`. */
  readonly #early: Frame[] = []
  readonly #pending: Handled = {}
  #nextId = 1
  closed: { code: number; reason: string } | undefined

  private constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (data, isBinary) => this.#receive(Buffer.isBuffer(data) ? data : Buffer.alloc(0), isBinary))
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() }
    })
    socket.on('error', () => {})
  }

  /** Connects; throws with the HTTP status where the runner refuses. */
  static async connect(socketPath: string, token: string): Promise<TestClient> {
    const socket = new WebSocket(`ws+unix:${socketPath}:/socket`, { headers: { authorization: `Bearer ${token}` } })
    const client = new TestClient(socket)
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve)
      socket.once('unexpected-response', (_request, response) => reject(new Error(`HTTP ${response.statusCode}`)))
      socket.once('error', reject)
    })
    return client
  }

  async request<T extends RequestType>(type: T, params: RequestParams<T>): Promise<RequestResult<T>> {
    const id = this.#nextId++
    const answer = new Promise<{ result?: unknown; error?: unknown }>((resolve) => {
      this.#pending[id] = resolve
    })
    this.socket.send(JSON.stringify({ id, type, params }))
    const { result, error } = await within(answer, `the answer to ${type}`)
    if (error !== undefined) throw new Refused(wireErrorSchema.parse(error))
    const schemas: { [K in RequestType]: { result: { parse(value: unknown): RequestResult<K> } } } = requests
    return schemas[type].result.parse(result)
  }

  /** The first event of this kind that `accepts` likes, among those that came and those to come. */
  async event<T extends EventType>(
    type: T,
    accepts: (data: EventData<T>) => boolean = () => true,
  ): Promise<EventData<T>> {
    const schemas: { [K in EventType]: { parse(value: unknown): EventData<K> } } = events
    return until(`an event ${type}`, () => {
      for (const { event, data } of this.events) {
        if (event !== type) continue
        const parsed = schemas[type].parse(data)
        if (accepts(parsed)) return parsed
      }
      return undefined
    })
  }

  /** Opens a shell and watches it from its first byte. */
  async shell(options: { acknowledges?: boolean } = {}): Promise<TestTerminal> {
    const { terminal } = await this.request('terminal.create', { cols: 80, rows: 24 })
    return this.attach(terminal.id, { since: 0, ...options })
  }

  async attach(
    id: string,
    options: { since?: number; client?: string; acknowledges?: boolean } = {},
  ): Promise<TestTerminal> {
    const { acknowledges = true, ...params } = options
    const { channel, from, input } = await this.request('terminal.attach', { terminal: id, ...params })
    const terminal = new TestTerminal(this, { id, channel, from, input: input ?? 0, acknowledges })
    this.terminals.set(channel, terminal)
    for (const frame of this.#early) if (frame.channel === channel) terminal.receive(frame)
    return terminal
  }

  async whenClosed(): Promise<{ code: number; reason: string }> {
    return until('the connection to be closed', () => this.closed)
  }

  [Symbol.dispose](): void {
    this.socket.terminate()
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (!isBinary) {
      const message = serverMessageSchema.parse(JSON.parse(data.toString('utf8')))
      if ('event' in message) this.events.push({ event: message.event, data: message.data })
      else this.#pending[message.id]?.(message)
      return
    }
    const frame = decodeFrame(Uint8Array.from(data))
    if (frame === undefined) throw new Error('the runner sent something that is not a frame')
    const terminal = this.terminals.get(frame.channel)
    if (terminal === undefined) this.#early.push(frame)
    else terminal.receive(frame)
  }
}

interface TestTerminalOptions {
  id: string
  channel: number
  from: number
  input: number
  acknowledges: boolean
}

/** A terminal as a client sees it. */
export class TestTerminal {
  readonly id: string
  readonly channel: number
  readonly from: number
  readonly #client: TestClient
  readonly #chunks: Uint8Array[] = []
  /** Screens that came instead of output. */
  readonly screens: { offset: number; payload: Uint8Array }[] = []
  /** Sizes of output frames. */
  readonly frames: number[] = []
  acknowledges: boolean
  /** Offset after the last byte received. */
  end: number
  inputSent: number
  inputApplied = 0

  constructor(client: TestClient, options: TestTerminalOptions) {
    this.#client = client
    this.id = options.id
    this.channel = options.channel
    this.from = options.from
    this.end = options.from
    this.inputSent = options.input
    this.acknowledges = options.acknowledges
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  get text(): string {
    return this.bytes.toString('utf8')
  }

  receive(frame: Frame): void {
    if (frame.kind === 'ack') {
      this.inputApplied = frame.offset
      return
    }
    if (frame.kind === 'screen') {
      this.screens.push({ offset: frame.offset, payload: frame.payload })
      this.end = frame.offset
    } else {
      if (frame.offset !== this.end) throw new Error(`output jumps from ${this.end} to ${frame.offset}`)
      this.#chunks.push(frame.payload)
      this.frames.push(frame.payload.length)
      this.end += frame.payload.length
    }
    if (this.acknowledges) this.acknowledge()
  }

  acknowledge(): void {
    this.send({ kind: 'ack', offset: this.end, payload: new Uint8Array() })
  }

  type(input: string | Uint8Array): void {
    const payload = typeof input === 'string' ? new TextEncoder().encode(input) : input
    this.send({ kind: 'input', offset: this.inputSent, payload })
    this.inputSent += payload.length
  }

  send(frame: Omit<Frame, 'channel'>): void {
    this.#client.socket.send(encodeFrame({ ...frame, channel: this.channel }))
  }

  /** Waits until the output holds `text`. */
  async shows(text: string): Promise<void> {
    await until(`"${text}" in the terminal`, () => (this.text.includes(text) ? true : undefined)).catch(
      (error: unknown) => {
        throw new Error(`${String(error)}; it ends with ${JSON.stringify(this.text.slice(-500))}`, { cause: error })
      },
    )
  }
}

/** Waits until `look` finds something. */
export async function until<T>(what: string, look: () => T | undefined): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    const found = look()
    if (found !== undefined) return found
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`)
    await delay(5)
  }
}

async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  const aborter = new AbortController()
  try {
    return await Promise.race([
      promise,
      delay(PATIENCE_MS, undefined, { signal: aborter.signal }).then(() => {
        throw new Error(`waited in vain for ${what}`)
      }),
    ])
  } finally {
    aborter.abort()
  }
}
