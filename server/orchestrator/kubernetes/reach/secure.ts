import type { Duplex } from 'node:stream'
import { connect } from 'node:tls'
import type { ConnectionOptions } from 'node:tls'
import { AppError } from '#server/errors.ts'
import { DIAL_TIMEOUT_MS, KEEP_ALIVE_MS } from '../limits.ts'

interface SecureOptions {
  /** Where to, or over which connection. */
  over: { host: string; port: number } | { connection: Duplex }
  /** The name that the other side must prove. */
  servername: string
  /** Whose certificates count (PEM). */
  ca: string
  /** What is said to be out of reach. */
  what: string
}

/** A TLS 1.3 connection whose other side proved `servername` by a certificate of ours; nothing less is taken. */
export function secure({ over, servername, ca, what }: SecureOptions): Promise<Duplex> {
  const options: ConnectionOptions = {
    ...('connection' in over ? { socket: over.connection } : over),
    servername,
    ca,
    minVersion: 'TLSv1.3',
    rejectUnauthorized: true,
  }
  return new Promise((resolve, reject) => {
    const socket = connect(options)
    const fail = (cause?: Error) => {
      clearTimeout(timer)
      socket.destroy()
      if ('connection' in over) over.connection.destroy()
      reject(
        new AppError('unavailable', `${what} cannot be reached: ${cause?.message ?? 'no answer in time'}.`, { cause }),
      )
    }
    const timer = setTimeout(fail, DIAL_TIMEOUT_MS)
    socket.once('error', fail)
    const closed = () => fail(new Error('it was closed'))
    socket.once('close', closed)
    socket.once('secureConnect', () => {
      clearTimeout(timer)
      socket.off('error', fail).off('close', closed)
      socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS)
      resolve(socket)
    })
  })
}
