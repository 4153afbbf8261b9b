import type { IncomingMessage } from 'node:http'

/** Whether a request asks for WebSocket and nothing else (RFC 6455 §4.2.1): no h2c, no list of protocols. */
export function isWebSocketRequest(request: IncomingMessage): boolean {
  const { upgrade, 'sec-websocket-key': key, 'content-length': length } = request.headers
  return (
    request.method === 'GET' &&
    request.httpVersion === '1.1' &&
    upgrade?.toLowerCase() === 'websocket' &&
    key !== undefined &&
    request.headers['transfer-encoding'] === undefined &&
    (length === undefined || length === '0')
  )
}
