import type { RequestOptions } from 'node:https'
import { Duplex } from 'node:stream'
import { WebSocket } from 'ws'
import { AppError } from '#server/errors.ts'
import type { KubeClient } from '../client.ts'
import { DIAL_TIMEOUT_MS, KEEP_ALIVE_MS } from '../limits.ts'

interface Forwarding {
  namespace: string
  pod: string
  port: number
  /** What is said to be out of reach. */
  what: string
}

/** Of the streams of one forwarded port, each message's first byte names one: https://github.com/kubernetes/kubernetes/pull/33684 */
const PROTOCOL = 'v4.channel.k8s.io'
const DATA = 0
const ERRORS = 1
/** What comes first on each of the two: the number of the port. */
const PORT_BYTES = 2
const MAX_ERROR_CHARS = 300

/**
 * A connection to a port of a pod through the API server: all that it takes is a kubeconfig. The client library's own
 * forwarding takes whatever comes into memory, however slowly it is read; this one makes the pod wait.
 */
export async function forwardPort(
  { config }: Pick<KubeClient, 'config'>,
  { namespace, pod, port, what }: Forwarding,
): Promise<Duplex> {
  const refuse = (message: string, cause?: unknown) =>
    new AppError('unavailable', `${what} cannot be reached: ${message}.`, { cause })
  const server = config.getCurrentCluster()?.server
  if (server === undefined) throw refuse('the kubeconfig names no cluster')
  const credentials: RequestOptions = {}
  await config.applyToHTTPSOptions(credentials)
  const url = `${server.replace(/^http/, 'ws').replace(/\/$/, '')}/api/v1/namespaces/${namespace}/pods/${pod}/portforward?ports=${port}`
  const socket = new WebSocket(url, PROTOCOL, {
    ...credentials,
    handshakeTimeout: DIAL_TIMEOUT_MS,
    perMessageDeflate: false,
  })
  socket.once('upgrade', (answer) => answer.socket.setKeepAlive(true, KEEP_ALIVE_MS))
  const connection = new ForwardedPort(socket, refuse)
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', (cause) => reject(refuse('the API server opens no connection to it', cause)))
  })
  return connection
}

class ForwardedPort extends Duplex {
  readonly #socket: WebSocket
  readonly #announced = new Set<number>()

  constructor(socket: WebSocket, refuse: (message: string, cause?: unknown) => AppError) {
    super()
    this.#socket = socket
    // Whoever gets this listens for errors; before that, the promise of the connection tells.
    this.on('error', () => undefined)
    socket.binaryType = 'nodebuffer'
    socket.on('message', (message) => {
      if (!Buffer.isBuffer(message)) return
      const channel = message[0] ?? ERRORS
      const content = message.subarray(this.#announced.has(channel) ? 1 : 1 + PORT_BYTES)
      this.#announced.add(channel)
      if (content.length === 0) return
      if (channel !== DATA) this.destroy(refuse(content.toString('utf8').slice(0, MAX_ERROR_CHARS).trim()))
      else if (!this.push(content)) socket.pause()
    })
    socket.on('error', (cause) => this.destroy(refuse('the API server broke the connection', cause)))
    socket.on('close', () => {
      this.push(null)
      this.end()
    })
  }

  override _read(): void {
    this.#socket.resume()
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    const message = Buffer.allocUnsafe(chunk.length + 1)
    message[0] = DATA
    chunk.copy(message, 1)
    this.#socket.send(message, done)
  }

  /** The protocol has no end of one direction alone; TLS above it has, and an answer may still be on its way. */
  override _final(done: () => void): void {
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.terminate()
    done(error)
  }
}
