import type { Readable } from 'node:stream'
import { AppError } from '#server/errors.ts'

/** Bytes of a key (S3's limit) and of one part of it (what file systems allow, less our suffix). */
const MAX_KEY_BYTES = 1024
const MAX_PART_BYTES = 250

const KEY = /^[A-Za-z0-9._/-]+$/
const SHA256 = /^[0-9a-f]{64}$/

/** Refuses a key that is not one: above all one that leads somewhere else. */
export function assertObjectKey(key: string): void {
  const parts = key.split('/')
  const isKey =
    KEY.test(key) &&
    key.length <= MAX_KEY_BYTES &&
    parts.every((part) => part !== '' && part !== '.' && part !== '..' && part.length <= MAX_PART_BYTES)
  if (!isKey)
    throw new AppError('bad_request', `Not a key of the object store: ${JSON.stringify(key.slice(0, MAX_KEY_BYTES))}.`)
}

/** Refuses a prefix that no key can begin with. The empty one is every key's. */
export function assertObjectPrefix(prefix: string): void {
  if (prefix !== '') assertObjectKey(`${prefix}x`)
}

/** Refuses a size or hash (hexadecimal, lower case) that is none. */
export function assertContent(content: { bytes: number; sha256: string }): void {
  if (!Number.isSafeInteger(content.bytes) || content.bytes < 0)
    throw new AppError('bad_request', `Not a size in bytes: ${content.bytes}.`)
  if (!SHA256.test(content.sha256)) throw new AppError('bad_request', 'Not a SHA-256 in hexadecimal.')
}

/** Refuses a range that is not one (RFC 9110 §14.1.2): both ends count. */
export function assertRange(range: { first: number; last: number }): void {
  const { first, last } = range
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last) || first < 0 || last < first)
    throw rangeRefused(range)
}

/** The refusal of a range that the object does not have. */
export function rangeRefused({ first, last }: { first: number; last: number }): AppError {
  return new AppError('bad_request', `The object has no bytes ${first} to ${last}.`)
}

/** The lost race. */
export function objectConflict(key: string, cause?: unknown): AppError {
  return new AppError('conflict', `The object ${key} is not as expected.`, {
    cause,
    advice: 'Read it again, then repeat the change.',
  })
}

/** How long a pre-signed URL is good for: an upload over a slow line begins well within it. */
export const PRESIGNED_TTL_MS = 15 * 60 * 1000

/** The chunks of a stream; throws as soon as it has more bytes than announced, or at its end if it had fewer. */
export async function* exactly(body: { stream: Readable; bytes: number }): AsyncGenerator<Buffer> {
  let seen = 0
  for await (const part of body.stream) {
    const chunk = Buffer.from(part)
    seen += chunk.length
    if (seen > body.bytes) break
    yield chunk
  }
  if (seen !== body.bytes)
    throw new AppError('bad_request', `The content does not have the ${body.bytes} bytes that were announced.`)
}
