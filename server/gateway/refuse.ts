import { STATUS_CODES } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { closeCodeOf } from '#protocol/errors.ts'
import { HTTP_STATUS, toWireError } from '#server/errors.ts'

/** An upgrade request with its connection, as node's HTTP server hands it over. */
export interface Upgrade {
  request: IncomingMessage
  socket: Duplex
  head: Buffer
}

/** A control frame's payload is at most 125 bytes (RFC 6455 §5.5), two of them the code. */
const MAX_REASON_BYTES = 123
const MAX_PAYLOAD_BYTES = 1024

/**
 * Answers with the error as JSON, where nothing was answered yet; otherwise cuts the answer so that it looks cut.
 * `status` where there is a better one than the error's own.
 */
export function answerError(response: ServerResponse, error: unknown, status?: number): void {
  if (response.headersSent) return void response.destroy()
  const wire = toWireError(error)
  const body = JSON.stringify({ error: wire })
  response.writeHead(status ?? HTTP_STATUS[wire.code], {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  })
  response.end(body)
}

/** Refuses an upgrade as plain HTTP: for those who are told nothing more than the status. */
export function refusePlainly(socket: Duplex, error: unknown): void {
  const wire = toWireError(error)
  const status = HTTP_STATUS[wire.code]
  const body = JSON.stringify({ error: wire })
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}

/** Refuses in a way that a page can read: accepts the WebSocket and closes it with the code and the reason. */
export function createReadableRefusal(): (upgrade: Upgrade, error: unknown) => void {
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MAX_PAYLOAD_BYTES })
  return ({ request, socket, head }, error) => {
    const wire = toWireError(error)
    server.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('error', () => webSocket.terminate())
      webSocket.close(closeCodeOf(wire.code), shorten(wire.message))
    })
  }
}

/** `text` cut to what a close frame holds, between two characters. */
function shorten(text: string): string {
  if (Buffer.byteLength(text) <= MAX_REASON_BYTES) return text
  const bytes = Buffer.from(text).subarray(0, MAX_REASON_BYTES - 3)
  return `${new TextDecoder().decode(bytes, { stream: true })}…`
}
