import { Agent as HttpAgent, IncomingMessage, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { RequestOptions } from 'node:https'
import type { ControlTunnel } from './control-tunnel.ts'
import { CALL_TIMEOUT_MS } from './limits.ts'
import { SidecarError } from './sidecar-error.ts'

/** A server: a Unix socket, a URL to which paths are added (`ca`: whose certificates count), or who opens connections to us. */
export type Target = { socket: string } | { url: string; ca?: () => string } | { tunnel: ControlTunnel }

export interface Call {
  method: string
  path: string
  headers?: Record<string, string>
  body?: Uint8Array | undefined
  /** Without a byte in either direction for so long, the call fails. */
  timeoutMs?: number
  signal?: AbortSignal | undefined
  /** Called when there is a connection: from then on the other side may carry it out. */
  onSent?: () => void
}

export interface Caller extends Disposable {
  /** The answer's head; its body is the caller's to read. Any failure to get one is `unavailable`. */
  stream(call: Call): Promise<IncomingMessage>
}

/** Calls to one server over connections that are kept. */
export function createCaller(target: Target): Caller {
  const isTls = 'url' in target && target.url.startsWith('https:')
  const agent = agentOf(target)
  const send = isTls ? httpsRequest : httpRequest
  return {
    stream: async (call) => {
      const connection = 'tunnel' in target ? await connectionOf(target) : { agent }
      return await new Promise((resolve, reject) => {
        const { body, headers, timeoutMs = CALL_TIMEOUT_MS } = call
        const options: RequestOptions = {
          ...addressOf(target, call.path),
          ...connection,
          method: call.method,
          headers: {
            connection: 'keep-alive',
            ...headers,
            ...(body !== undefined && { 'content-length': String(body.length) }),
          },
          timeout: timeoutMs,
          ...(call.signal !== undefined && { signal: call.signal }),
        }
        const request = send(options, resolve)
        const fail = (cause: Error) =>
          reject(new SidecarError('unavailable', `${describe(target)} does not answer: ${cause.message}.`, { cause }))
        const { onSent } = call
        if (onSent !== undefined)
          request.once('socket', (socket) => {
            if (socket.connecting) socket.once(isTls ? 'secureConnect' : 'connect', onSent)
            else onSent()
          })
        // Only connections that Node makes itself are told of `timeout`.
        if ('tunnel' in target) request.setTimeout(timeoutMs)
        request.on('timeout', () => request.destroy(new Error('no answer in time')))
        request.on('error', fail)
        // Of a switch of protocols, which nobody asked for, there is no other word.
        request.on('close', () => fail(new Error('it gave no answer')))
        request.end(body)
      })
    },
    [Symbol.dispose]: () => agent.destroy(),
  }
}

/** The whole body of an answer, at most `maxBytes`. */
export async function readBody(
  answer: AsyncIterable<Uint8Array>,
  maxBytes: number,
  allocate: (bytes: number) => Buffer = (bytes) => Buffer.allocUnsafeSlow(bytes),
): Promise<Buffer> {
  const body = new Body(allocate(Math.min(announcedLength(answer), maxBytes)), maxBytes)
  try {
    for await (const part of answer) body.add(part)
  } catch (cause) {
    if (cause instanceof SidecarError) throw cause
    throw new SidecarError('unavailable', 'The connection broke in the middle of a body.', { cause })
  }
  return body.bytes
}

/** What has come of a body, in one buffer from the start if its length was announced: parts would be held twice in the end. */
class Body {
  readonly #maxBytes: number
  #buffer: Buffer
  #length = 0

  constructor(buffer: Buffer, maxBytes: number) {
    this.#maxBytes = maxBytes
    this.#buffer = buffer
  }

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  add(part: Uint8Array): void {
    const length = this.#length + part.length
    if (length > this.#maxBytes) throw new SidecarError('too_large', `The body is larger than ${this.#maxBytes} bytes.`)
    if (length > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(length, this.#buffer.length * 2))
      this.#buffer.copy(larger, 0, 0, this.#length)
      this.#buffer = larger
    }
    this.#buffer.set(part, this.#length)
    this.#length = length
  }
}

function announcedLength(answer: AsyncIterable<Uint8Array>): number {
  if (!(answer instanceof IncomingMessage)) return 0
  const length = Number(answer.headers['content-length'] ?? 0)
  return Number.isSafeInteger(length) && length > 0 ? length : 0
}

function agentOf(target: Target): HttpAgent {
  if (!('url' in target) || !target.url.startsWith('https:')) return new HttpAgent({ keepAlive: true })
  return new HttpsAgent({ keepAlive: true })
}

/** How a call uses a connection that the other side opened: for itself, and then the next call gets it. */
async function connectionOf({ tunnel }: { tunnel: ControlTunnel }): Promise<RequestOptions> {
  const connection = await tunnel.take()
  connection.once('free', () => tunnel.giveBack(connection))
  return { createConnection: () => connection }
}

function addressOf(target: Target, path: string): RequestOptions {
  if ('socket' in target) return { socketPath: target.socket, path }
  if ('tunnel' in target) return { host: 'control-plane', path }
  const { protocol, hostname, port } = new URL(target.url)
  return { protocol, hostname, port, path, ...(target.ca !== undefined && { ca: target.ca() }) }
}

function describe(target: Target): string {
  if ('socket' in target) return target.socket
  return 'tunnel' in target ? 'The control plane' : new URL(target.url).host
}
