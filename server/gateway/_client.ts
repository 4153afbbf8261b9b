import { request as httpRequest } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'

export interface Answer {
  status: number
  headers: IncomingMessage['headers']
  body: string
  bytes: Buffer
}

interface Question {
  port: number
  /** The `Host` header: every name is reached at 127.0.0.1. */
  host?: string
  method?: string
  path: string
  headers?: Record<string, string>
  body?: string | Buffer
}

/** Sends a request as a browser would, to any host name, and reads the whole answer. Rejects if that breaks off. */
export function ask(question: Question): Promise<Answer> {
  return new Promise((resolve, reject) => {
    open(question, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const bytes = Buffer.concat(chunks)
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: bytes.toString('utf8'), bytes })
      })
    }).on('error', reject)
  })
}

/** Sends a request and hands over the answer as soon as its head is there. */
export function open(
  { port, host = `localhost:${port}`, method = 'GET', path, headers = {}, body }: Question,
  onResponse: (response: IncomingMessage) => void,
) {
  const request = httpRequest(
    { host: '127.0.0.1', port, method, path, headers: { Host: host, ...headers }, agent: false },
    onResponse,
  )
  request.end(body)
  return request
}

/** How an attempt to open a WebSocket ended. */
export type Opened = { kind: 'open'; socket: WebSocket } | { kind: 'refused'; status: number; body: string }

interface SocketOptions {
  host?: string
  path: string
  headers?: Record<string, string>
  protocols?: string[]
  /** Gets every text message from the first one on. */
  inbox?: string[]
}

/** Opens a WebSocket; HTTP refusals are an answer, not an error. */
export function openSocket(port: number, options: SocketOptions): Promise<Opened> {
  const { host = `localhost:${port}`, path, headers = {}, protocols = [], inbox } = options
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, {
      headers: { Host: host, ...headers },
      perMessageDeflate: false,
      maxPayload: 64 * 1024 * 1024,
    })
    socket.on('message', (data, isBinary) => {
      if (!isBinary && Buffer.isBuffer(data)) inbox?.push(data.toString('utf8'))
    })
    socket.on('open', () => resolve({ kind: 'open', socket }))
    socket.on('unexpected-response', (_request, response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')))
      response.on('end', () => resolve({ kind: 'refused', status: response.statusCode ?? 0, body }))
    })
    socket.on('error', reject)
  })
}

/** The open socket, or a failed test. */
export async function mustOpen(...args: Parameters<typeof openSocket>): Promise<WebSocket> {
  const opened = await openSocket(...args)
  if (opened.kind === 'open') return opened.socket
  throw new Error(`refused with ${opened.status}: ${opened.body}`)
}

/** The next message, as text. */
export function nextMessage(socket: WebSocket): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.once('message', (data) => resolve(Buffer.isBuffer(data) ? data.toString('utf8') : ''))
    socket.once('close', (code) => reject(new Error(`closed with ${code}`)))
  })
}

/** Code and reason with which the socket closes. */
export function closed(socket: WebSocket): Promise<{ code: number; reason: string }> {
  return new Promise((resolve) => {
    socket.once('close', (code, reason) => resolve({ code, reason: reason.toString('utf8') }))
  })
}
