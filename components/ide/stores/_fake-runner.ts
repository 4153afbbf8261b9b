import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import { decodeFrame, encodeFrame } from '#protocol/frames.ts'
import { newId } from '#protocol/ids.ts'
import { MAX_MESSAGE_BYTES } from '#protocol/limits.ts'
import { requestEnvelopeSchema, requests } from '#protocol/messages.ts'
import type { Frame } from '#protocol/frames.ts'
import type { EventData, EventType, RequestResult, RequestType, TerminalInfo } from '#protocol/messages.ts'
import { RequestError } from './request-error.ts'
import { parseResult } from './typed.ts'

type Handler = (params: never) => unknown

/** A runner's end of the socket, on a real port: answers what a test tells it to, and keeps what it was asked. */
export class FakeRunner implements AsyncDisposable {
  readonly asked: { type: string; params: unknown }[] = []
  readonly frames: Frame[] = []
  hello: EventData<'hello'> = {
    repl: 'r000000000000000',
    generation: 1,
    role: 'owner',
    actor: 'Ada',
    runner: newId(),
    isolation: 'none',
    terminals: [],
    ports: [],
    run: { command: 'node index.js', port: 3000, state: 'idle' },
  }
  /** Close code that new connections get instead of a hello. */
  refusal: { code: number; reason: string } | undefined
  /** Takes connections, and says no hello. */
  isSilent = false
  connections = 0
  readonly #server = new WebSocketServer({ port: 0, maxPayload: MAX_MESSAGE_BYTES })
  readonly #handlers = new Map<string, Handler>()
  #socket: WebSocket | undefined

  constructor() {
    this.handle('ping', () => ({}))
    this.#server.on('connection', (socket) => this.#welcome(socket))
  }

  get url(): string {
    const address: AddressInfo | string | null = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the fake runner does not listen')
    return `ws://127.0.0.1:${address.port}/`
  }

  /** How a request is answered: a result, a thrown `RequestError`, or nothing at all with `NO_ANSWER`. */
  handle<T extends RequestType>(type: T, handler: (params: never) => RequestResult<T> | typeof NO_ANSWER): void {
    this.#handlers.set(type, handler)
  }

  emit<T extends EventType>(event: T, data: EventData<T>): void {
    this.#socket?.send(JSON.stringify({ event, data }))
  }

  send(frame: Frame): void {
    this.#socket?.send(encodeFrame(frame))
  }

  /** Tears the connection, as a network does. */
  tear(): void {
    this.#socket?.terminate()
  }

  close(code: number, reason = ''): void {
    this.#socket?.close(code, reason)
  }

  /** Parameters of every request of a type so far. */
  askedFor(type: RequestType): unknown[] {
    return this.asked.filter((request) => request.type === type).map((request) => request.params)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#server.clients) client.terminate()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #welcome(socket: WebSocket): void {
    this.connections += 1
    if (this.refusal !== undefined) return socket.close(this.refusal.code, this.refusal.reason)
    this.#socket = socket
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) return this.#frame(data)
      const answer = this.#answer(data.toString())
      if (answer !== undefined) socket.send(answer)
    })
    if (!this.isSilent) this.emit('hello', this.hello)
  }

  #frame(data: Buffer): void {
    const frame = decodeFrame(new Uint8Array(data))
    if (frame !== undefined) this.frames.push(frame)
  }

  #answer(text: string): string | undefined {
    const { id, type, params } = requestEnvelopeSchema.parse(JSON.parse(text))
    this.asked.push({ type, params })
    const handler = this.#handlers.get(type)
    try {
      const spec = Object.entries(requests).find(([name]) => name === type)?.[1]
      const result = Reflect.apply(handler ?? notHandled, undefined, [spec?.params.parse(params)])
      return result === NO_ANSWER ? undefined : JSON.stringify({ id, result })
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      return JSON.stringify({ id, error: { code: error.code, message: error.message } })
    }
  }
}

export const NO_ANSWER = Symbol('no answer')

function notHandled(): never {
  throw new RequestError({ code: 'not_supported', message: 'The test gave no answer for this.' })
}

/** A terminal as the runner tells of it. */
export function terminalInfo(over: Partial<TerminalInfo> = {}): TerminalInfo {
  const { terminal } = parseResult('terminal.create', {
    terminal: {
      id: newId(),
      kind: 'shell',
      name: 'bash',
      cwd: '/workspace',
      pid: 7,
      cols: 80,
      rows: 24,
      end: 0,
      createdBy: 'Ada',
    },
  })
  return { ...terminal, ...over }
}
