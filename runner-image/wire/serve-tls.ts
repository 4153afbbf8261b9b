import { readFile } from 'node:fs/promises'
import type { Server as HttpServer } from 'node:http'
import { join } from 'node:path'
import { createServer } from 'node:tls'

/** `host:port`, the host an IPv4 address or a name. */
export interface ListenAddress {
  host: string
  port: number
}

/** How long a client may take for its handshake (RFC 8446): whoever only holds the connection open gives it up. */
const HANDSHAKE_LIMIT_MS = 10_000
/** A connection that was silent for so long is asked whether its other end is there. */
const KEEP_ALIVE_MS = 15_000

/**
 * Serves what `http` serves over TLS 1.3 too, with `tls.crt` and `tls.key` of `folder`, and returns the port. Disposing
 * closes the listener; connections are `http`'s.
 */
export async function serveTls(
  http: HttpServer,
  { address, folder }: { address: ListenAddress; folder: string },
): Promise<AsyncDisposable & { port: number }> {
  const [cert, key] = await Promise.all([readFile(join(folder, 'tls.crt')), readFile(join(folder, 'tls.key'))])
  const server = createServer(
    { cert, key, minVersion: 'TLSv1.3', handshakeTimeout: HANDSHAKE_LIMIT_MS, ALPNProtocols: ['http/1.1'] },
    (socket) => {
      // Whoever vanished without a word (a laptop asleep, a node gone) is noticed.
      socket.setKeepAlive(true, KEEP_ALIVE_MS)
      http.emit('connection', socket)
    },
  )
  // A client that does not believe us, or speaks no TLS, is nobody's fault here.
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: address.host, port: address.port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const bound = server.address()
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : address.port,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
      }),
  }
}

/** Reads `host:port`; `undefined` if it is none. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const [, host, digits] = /^([\w.-]+):(\d{1,5})$/.exec(text) ?? []
  const port = Number(digits)
  return host === undefined || port > 65_535 ? undefined : { host, port }
}
