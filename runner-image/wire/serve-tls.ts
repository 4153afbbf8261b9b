import { readFile } from 'node:fs/promises'
import type { Server as HttpServer } from 'node:http'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { closesInTime } from './close-in-time.ts'
import type { ListenAddress } from './listen-address.ts'

/** How long a client may take for its handshake (RFC 8446): whoever only holds the connection open gives it up. */
const HANDSHAKE_LIMIT_MS = 10_000
/** A connection that was silent for so long is asked whether its other end is there. */
const KEEP_ALIVE_MS = 15_000
/** How often the certificate is read again: it is renewed in place. */
const REREAD_EVERY_MS = 60_000

interface ServeTls {
  address: ListenAddress
  folder: string
  rereadEveryMs?: number
}

/**
 * Serves what `http` serves over TLS 1.3 too, with `tls.crt` and `tls.key` of `folder`, and returns the port. Disposing
 * closes the listener and, a moment later, the connections that are left.
 */
export async function serveTls(
  http: HttpServer,
  { address, folder, rereadEveryMs = REREAD_EVERY_MS }: ServeTls,
): Promise<AsyncDisposable & { port: number }> {
  let identity = await readIdentity(folder)
  const server = createServer(
    // The HTTP server would do so for connections of its own: what is small goes out at once, not with the next answer.
    { ...identity, noDelay: true, handshakeTimeout: HANDSHAKE_LIMIT_MS, ALPNProtocols: ['http/1.1'] },
    (socket) => {
      // Whoever vanished without a word (a laptop asleep, a node gone) is noticed.
      socket.setKeepAlive(true, KEEP_ALIVE_MS)
      http.emit('connection', socket)
    },
  )
  // A client that does not believe us, or speaks no TLS, is nobody's fault here.
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  const close = closesInTime(server)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: address.host, port: address.port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const reread = async () => {
    const read = await readIdentity(folder)
    if (read.cert.equals(identity.cert)) return
    server.setSecureContext(read)
    identity = read
  }
  // A failure: the two files are being replaced just now, and the next time they fit again.
  const rereading = setInterval(() => void reread().catch(() => undefined), rereadEveryMs)
  rereading.unref()
  const bound = server.address()
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : address.port,
    [Symbol.asyncDispose]: async () => {
      clearInterval(rereading)
      await close()
    },
  }
}

async function readIdentity(folder: string): Promise<{ cert: Buffer; key: Buffer; minVersion: 'TLSv1.3' }> {
  const [cert, key] = await Promise.all([readFile(join(folder, 'tls.crt')), readFile(join(folder, 'tls.key'))])
  return { cert, key, minVersion: 'TLSv1.3' }
}
