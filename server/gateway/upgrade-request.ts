import { request as httpRequest } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { AppError } from '#server/errors.ts'
import { flat } from '#server/gateway/headers.ts'
import type { HeaderList } from '#server/gateway/headers.ts'
import type { GatewayLimits } from '#server/gateway/limits.ts'

/** How the other side answered: it switched protocols, or it answered as HTTP. */
export type UpgradeAnswer =
  | { kind: 'upgraded'; response: IncomingMessage; stream: Duplex }
  | { kind: 'answered'; response: IncomingMessage }

interface UpgradeOptions {
  path: string
  headers: HeaderList
  /** To the head of the answer. */
  limitMs: number
  signal?: AbortSignal | undefined
  limits: GatewayLimits
}

/**
 * Asks for an upgrade (RFC 9110 §7.8) on a fresh connection. What follows a 101 is the raw stream. The connection
 * is destroyed with every failure.
 */
export function requestUpgrade(connection: Duplex, options: UpgradeOptions): Promise<UpgradeAnswer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      createConnection: () => connection,
      path: options.path,
      headers: flat(options.headers),
      maxHeaderSize: options.limits.maxHeadBytes,
      ...(options.signal !== undefined && { signal: options.signal }),
    })
    const timer = setTimeout(() => {
      request.destroy(new AppError('timeout', `The sandbox did not answer within ${options.limitMs / 1000} s.`))
    }, options.limitMs)
    request.on('upgrade', (response, stream, head) => {
      clearTimeout(timer)
      if (head.length > 0) stream.unshift(head)
      resolve({ kind: 'upgraded', response, stream })
    })
    request.on('response', (response) => {
      clearTimeout(timer)
      response.on('error', () => connection.destroy())
      resolve({ kind: 'answered', response })
    })
    request.on('error', (cause) => {
      clearTimeout(timer)
      connection.destroy()
      reject(brokenConnection(cause, options.signal))
    })
    request.end()
  })
}

/** Our own errors as they are; a broken connection as `unavailable`. */
export function brokenConnection(cause: Error, signal?: AbortSignal): AppError {
  if (cause instanceof AppError) return cause
  if (signal?.aborted === true && signal.reason instanceof AppError) return signal.reason
  return new AppError('unavailable', 'The connection to the sandbox broke.', { cause, advice: 'Try again.' })
}
