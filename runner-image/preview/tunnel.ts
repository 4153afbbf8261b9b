import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import * as z from 'zod'
import { RunnerError } from '../errors.ts'
import { MAX_TUNNELS, TUNNEL_CONNECT_TIMEOUT_MS } from '../limits.ts'
import type { OpenedSandbox } from '../opened-sandbox.ts'

const portSchema = z
  .string()
  .regex(/^\d{1,5}$/)
  .transform(Number)
  .pipe(z.int().min(1).max(65535))

/** Loopback, in the order tried: some servers listen on one family only. */
const HOSTS = ['127.0.0.1', '::1']

interface Upgrade {
  request: IncomingMessage
  socket: Duplex
  head: Buffer
}

/** Joins connections to ports in the sandbox, byte for byte. */
export class Tunnels {
  readonly #open = new Set<Socket>()

  /** Answers an upgrade to `devex-tunnel?port=N`: 101, then raw bytes to that port. */
  async join(sandbox: OpenedSandbox, { request, socket, head }: Upgrade): Promise<void> {
    const port = portOf(request)
    if (this.#open.size >= MAX_TUNNELS)
      throw new RunnerError('rate_limited', 'Too many connections to ports of this repl.')
    // On a network shared with others, a port number alone would reach any program of this machine.
    if (sandbox.isNetworkShared && !(await sandbox.ports.isOwn(port))) throw nothingListens(port)
    const target = await reach(port)
    this.#open.add(target)
    target.on('close', () => {
      this.#open.delete(target)
      socket.destroy()
    })
    target.on('error', () => socket.destroy())
    socket.on('error', () => target.destroy())
    socket.on('close', () => target.destroy())
    if (socket.destroyed) return void target.destroy()
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: devex-tunnel\r\n\r\n')
    if (head.length > 0) target.write(head)
    // Each direction ends by itself: a client may be done sending and still wait for the answer.
    socket.pipe(target)
    target.pipe(socket)
  }

  closeAll(): void {
    for (const target of this.#open) target.destroy()
  }
}

function portOf(request: IncomingMessage): number {
  const parsed = portSchema.safeParse(new URL(request.url ?? '', 'http://runner').searchParams.get('port'))
  if (parsed.success) return parsed.data
  throw new RunnerError('bad_request', 'A port is a number from 1 to 65535.')
}

async function reach(port: number): Promise<Socket> {
  for (const host of HOSTS) {
    const socket = await dial(host, port)
    if (socket !== undefined) return socket
  }
  throw nothingListens(port)
}

async function dial(host: string, port: number): Promise<Socket | undefined> {
  const socket = connect({ host, port, allowHalfOpen: true, noDelay: true })
  return new Promise((resolve) => {
    const fail = () => {
      socket.destroy()
      resolve(undefined)
    }
    socket.setTimeout(TUNNEL_CONNECT_TIMEOUT_MS, fail)
    socket.once('error', fail)
    socket.once('connect', () => {
      socket.setTimeout(0)
      socket.off('error', fail)
      resolve(socket)
    })
  })
}

function nothingListens(port: number): RunnerError {
  return new RunnerError('unavailable', `Nothing listens on port ${port} in this repl.`, {
    advice: 'Start your server, or check which port it uses.',
  })
}
