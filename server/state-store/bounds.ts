import { randomBytes } from 'node:crypto'
import { AppError } from '#server/errors.ts'
import type { Json, Write } from '#server/state-store/state-store.ts'

/** What every adapter refuses, so that no caller can come to depend on what one of them happens to take. */

/** Bytes of a key, a lease's name or a channel's name. */
const MAX_KEY_BYTES = 512

/** Bytes of a value as JSON: what the smallest Upstash plan takes in one request, and far more than a record needs. */
const MAX_VALUE_BYTES = 1024 * 1024

/** Writes in one transaction: it blocks everyone else while it runs. */
const MAX_TRANSACTION_WRITES = 100

/** Records in a page, unless told; and at most. */
const PAGE_RECORDS = 100
const MAX_PAGE_RECORDS = 1000

/** Longest lease and time to live: a year, so that a unit mistaken is noticed. */
const MAX_DURATION_MS = 366 * 24 * 60 * 60 * 1000

const KEY = /^[A-Za-z0-9:_.@-]+$/
const CHANNEL = /^[A-Za-z0-9:_.-]+$/

/** Refuses a key, or a lease's name, that is not one. */
export function assertKey(key: string): void {
  if (!KEY.test(key) || key.length > MAX_KEY_BYTES)
    throw new AppError('bad_request', `Not a key of the state store: ${JSON.stringify(key.slice(0, MAX_KEY_BYTES))}.`)
}

/** Refuses a prefix that no key can begin with. The empty one is every key's. */
export function assertPrefix(prefix: string): void {
  if (prefix !== '') assertKey(prefix)
}

/** Refuses a channel name that is not one. */
export function assertChannel(channel: string): void {
  if (!CHANNEL.test(channel) || channel.length > MAX_KEY_BYTES)
    throw new AppError('bad_request', `Not a channel: ${JSON.stringify(channel.slice(0, MAX_KEY_BYTES))}.`)
}

/** Refuses a duration that is not a whole, positive number of milliseconds. */
export function assertDuration(ms: number): void {
  if (!Number.isSafeInteger(ms) || ms < 1 || ms > MAX_DURATION_MS)
    throw new AppError('bad_request', `Not a duration in milliseconds: ${ms}.`)
}

/** Refuses a transaction that is too long, or that writes a key twice (which of the two would be unclear). */
export function assertWrites(writes: Write[]): void {
  if (writes.length > MAX_TRANSACTION_WRITES)
    throw new AppError(
      'bad_request',
      `A transaction has at most ${MAX_TRANSACTION_WRITES} writes, not ${writes.length}.`,
    )
  const seen = new Set<string>()
  for (const write of writes) {
    assertKey(write.key)
    if (write.kind === 'put' && write.ttlMs !== undefined) assertDuration(write.ttlMs)
    if (seen.has(write.key)) throw new AppError('bad_request', `The transaction names ${write.key} twice.`)
    seen.add(write.key)
  }
}

/** Records in a page of `list`. */
export function pageLimit(limit = PAGE_RECORDS): number {
  if (!Number.isSafeInteger(limit) || limit < 1) throw new AppError('bad_request', `Not a page size: ${limit}.`)
  return Math.min(limit, MAX_PAGE_RECORDS)
}

/** `value` as it is stored. */
export function encodeValue(key: string, value: Json): string {
  const text = JSON.stringify(value)
  if (Buffer.byteLength(text) > MAX_VALUE_BYTES)
    throw new AppError('too_large', `The record ${key} is larger than ${MAX_VALUE_BYTES} bytes.`)
  return text
}

/** A stored value. */
export function decodeValue(text: string): Json {
  const value: Json = JSON.parse(text)
  return value
}

/** A version that no other write ever gets: random, so that a record deleted and made again does not repeat one. */
export function newVersion(): string {
  return randomBytes(12).toString('base64url')
}

/** The lost race, by the key that lost it. */
export function conflictAt(key: string): AppError {
  return new AppError('conflict', `${key} was changed meanwhile.`, { advice: 'Read it again, then repeat the change.' })
}
