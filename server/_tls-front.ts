import { once } from 'node:events'
import { connect } from 'node:net'
import { createServer } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import type { Identity } from '#server/certificates/sign.ts'

/** TLS before a server that speaks none, as a load balancer of a company has it. */
export interface TlsFront extends AsyncDisposable {
  port: number
  /** Bytes that callers sent, decrypted. */
  readonly heardBytes: number
}

export async function startTlsFront(
  identity: Identity,
  { to, host = '127.0.0.1' }: { to: { host: string; port: number }; host?: string },
): Promise<TlsFront> {
  const open = new Set<TLSSocket>()
  let heardBytes = 0
  const server = createServer(identity, (caller) => {
    open.add(caller)
    const behind = connect(to)
    behind.on('error', () => caller.destroy())
    caller.on('error', () => caller.destroy())
    behind.once('close', () => caller.destroy())
    caller.once('close', () => {
      open.delete(caller)
      behind.destroy()
    })
    caller.on('data', (bytes: Buffer) => (heardBytes += bytes.length))
    caller.pipe(behind).pipe(caller)
  })
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  await once(server.listen(0, host), 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    get heardBytes() {
      return heardBytes
    },
    [Symbol.asyncDispose]: async () => {
      server.close()
      for (const socket of open) socket.destroy()
      await once(server, 'close')
    },
  }
}
