import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { RespError, ReplyReader, encodeCommand } from '#server/state-store/resp.ts'
import type { Reply } from '#server/state-store/resp.ts'
import type { Socket } from 'node:net'

/** How long a server has to take a connection and its password. */
const CONNECT_TIMEOUT_MS = 5_000

/** How long a command may take: ours are short, so a server that is silent for so long is gone, or stuck. */
const COMMAND_TIMEOUT_MS = 5_000

/** Commands awaiting replies on one connection; more are refused rather than kept. */
const MAX_PENDING_COMMANDS = 10_000

const DEFAULT_PORT = 6379
const KEEP_ALIVE_MS = 15_000

interface Pending {
  resolve(reply: Reply): void
  reject(error: Error): void
  deadline: number
}

/** One connection to a Redis server: commands in, replies out, in order. Once lost it stays lost. */
export interface RespConnection extends Disposable {
  readonly isOpen: boolean
  /** The server's answer, which may be an error of its own. Rejects if the connection is lost first. */
  send(command: (string | number)[]): Promise<Reply>
  /** Everything that arrives while no reply is awaited: the messages of a subscription. */
  onPush: ((reply: Reply) => void) | undefined
  onClose: (() => void) | undefined
}

/** Connects to `redis://[user][:password@]host[:port][/database]`, or `rediss://…` over TLS. */
export async function connectResp(url: URL, signal?: AbortSignal): Promise<RespConnection> {
  signal?.throwIfAborted()
  const socket = openSocket(url)
  const connection = new SocketConnection(socket)
  const abort = () => socket.destroy(new Error('cancelled'))
  const timer = setTimeout(
    () => socket.destroy(new Error(`no connection within ${CONNECT_TIMEOUT_MS} ms`)),
    CONNECT_TIMEOUT_MS,
  )
  signal?.addEventListener('abort', abort, { once: true })
  try {
    // Written before the connection stands: they leave with the first packet.
    const answers = await Promise.all(greeting(url).map((command) => connection.send(command)))
    for (const answer of answers) if (answer instanceof RespError) throw new Error(answer.message)
    return connection
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}

function openSocket(url: URL): Socket {
  // The WHATWG URL keeps the brackets of an IPv6 address.
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const port = url.port === '' ? DEFAULT_PORT : Number(url.port)
  const socket = url.protocol === 'rediss:' ? connectTls({ host, port, servername: host }) : connectTcp({ host, port })
  return socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS)
}

function greeting(url: URL): (string | number)[][] {
  const user = decodeURIComponent(url.username)
  const password = decodeURIComponent(url.password)
  const database = url.pathname.slice(1)
  const commands: (string | number)[][] = []
  if (password !== '') commands.push(user === '' ? ['AUTH', password] : ['AUTH', user, password])
  if (database !== '' && database !== '0') commands.push(['SELECT', database])
  // Something is always asked, so that a server that answers nothing is noticed here.
  return commands.length === 0 ? [['PING']] : commands
}

class SocketConnection implements RespConnection {
  onPush: ((reply: Reply) => void) | undefined
  onClose: (() => void) | undefined
  readonly #socket: Socket
  readonly #reader = new ReplyReader()
  #pending: Pending[] = []
  #watch: NodeJS.Timeout | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    let cause = new Error('the server closed the connection')
    socket.on('data', (chunk) => this.#receive(chunk))
    socket.on('error', (error) => (cause = error))
    socket.on('close', () => {
      clearInterval(this.#watch)
      for (const pending of this.#pending.splice(0)) pending.reject(cause)
      this.onClose?.()
    })
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.writable
  }

  send(command: (string | number)[]): Promise<Reply> {
    if (!this.isOpen) return Promise.reject(new Error('the connection is closed'))
    if (this.#pending.length >= MAX_PENDING_COMMANDS) return Promise.reject(new Error('too many commands are waiting'))
    return new Promise((resolve, reject) => {
      this.#pending.push({ resolve, reject, deadline: Date.now() + COMMAND_TIMEOUT_MS })
      this.#watch ??= setInterval(() => this.#expire(), COMMAND_TIMEOUT_MS / 5).unref()
      this.#socket.write(encodeCommand(command))
    })
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }

  #receive(chunk: Buffer): void {
    try {
      for (const reply of this.#reader.push(chunk)) {
        const pending = this.#pending.shift()
        if (pending !== undefined) pending.resolve(reply)
        else this.onPush?.(reply)
      }
    } catch (error) {
      this.#socket.destroy(error instanceof Error ? error : new Error(String(error)))
    }
  }

  /** Replies come in order, so one that is late makes the connection useless. */
  #expire(): void {
    const first = this.#pending[0]
    if (first !== undefined && first.deadline < Date.now())
      this.#socket.destroy(new Error(`no answer within ${COMMAND_TIMEOUT_MS} ms`))
  }
}
