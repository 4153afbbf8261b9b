import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:tls'
import type { CertificateAuthority } from '#server/certificates/certificate-authority.ts'
import type { Log } from '#server/log.ts'
import { listenOnPort } from '#server/listen.ts'
import { closesInTime } from '#wire/close-in-time.ts'

const DAY_MS = 24 * 60 * 60_000
/** How long the listener's certificate is good for, and how often it gets a new one. */
const CERTIFICATE_MS = 30 * DAY_MS
const RENEW_EVERY_MS = DAY_MS
/** How long a client may take for its handshake, and be silent before it is asked whether it is still there. */
const HANDSHAKE_LIMIT_MS = 10_000
const KEEP_ALIVE_MS = 15_000

interface SandboxListenerOptions {
  authority: CertificateAuthority
  /** The host by which pods know us. */
  name: string
  host: string
  port: number
  serve: RequestListener
  renewEveryMs?: number
  log: Log
}

/** Listens for sidecars over TLS 1.3, under the name that their certificate authority (ours) vouches for. */
export async function listenForSandboxes(options: SandboxListenerOptions): Promise<AsyncDisposable & { port: number }> {
  const { authority, name, serve, log, renewEveryMs = RENEW_EVERY_MS } = options
  const identity = async () => {
    const issued = await authority.issue({ names: [name], ms: CERTIFICATE_MS })
    return { ...issued, minVersion: 'TLSv1.3' as const }
  }
  const http = createServer(serve)
  const tls = { ...(await identity()), noDelay: true, handshakeTimeout: HANDSHAKE_LIMIT_MS }
  const server = createTlsServer(tls, (socket) => {
    socket.setKeepAlive(true, KEEP_ALIVE_MS)
    http.emit('connection', socket)
  })
  const close = closesInTime(server)
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  const renewal = setInterval(() => {
    identity().then(
      (renewed) => server.setSecureContext(renewed),
      (error: unknown) => log.error('the certificate for sandboxes could not be renewed; it is tried again', error),
    )
  }, renewEveryMs)
  renewal.unref()
  const port = await listenOnPort(server, options.host, options.port)
  log.info('listening for sandboxes', { port, name })
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      clearInterval(renewal)
      await close()
    },
  }
}
