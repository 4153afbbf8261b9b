import type { IncomingMessage } from 'node:http'
import { boundedBytes } from '#server/bounded-bytes.ts'
import { AppError } from '#server/errors.ts'

/** A body as text; `too_large` past `maxBytes`. */
export async function readSmallBody(message: IncomingMessage, maxBytes: number): Promise<string> {
  const tooLarge = () => new AppError('too_large', `The body is larger than ${maxBytes} bytes.`)
  return (await boundedBytes(message, maxBytes, tooLarge)).toString('utf8')
}
