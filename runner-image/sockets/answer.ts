import { STATUS_CODES } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { HTTP_STATUS, PreconditionFailed, toRunnerError, toWireError } from '../errors.ts'

/** Answers with `body` as JSON. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  })
  response.end(text)
}

/** Answers with an error, or cuts an answer short that has begun: a complete one must not look whole. */
export function sendError(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const wire = toWireError(error)
  // A client that is still sending loses the answer with a connection that is closed on it: it hangs up by itself.
  response.req.resume()
  sendJson(response, error instanceof PreconditionFailed ? 412 : HTTP_STATUS[wire.code], { error: wire })
}

/** Refuses an upgrade with an ordinary HTTP answer. */
export function refuseUpgrade(socket: Duplex, error: unknown): void {
  const { code } = toRunnerError(error)
  const status = HTTP_STATUS[code]
  const body = JSON.stringify({ error: toWireError(error) })
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}

/** Begins a stream of JSON lines; the function sends one. */
export function startLines(response: ServerResponse): (line: unknown) => void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' })
  return (line) => void response.write(`${JSON.stringify(line)}\n`)
}
