import type { IncomingMessage } from 'node:http'
import { AppError } from '#server/errors.ts'

/** A body as text; `too_large` past `maxBytes`. */
export async function readSmallBody(message: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of message) {
    const buffer = Buffer.from(chunk)
    bytes += buffer.length
    if (bytes > maxBytes) throw new AppError('too_large', `The body is larger than ${maxBytes} bytes.`)
    chunks.push(buffer)
  }
  return Buffer.concat(chunks).toString('utf8')
}
