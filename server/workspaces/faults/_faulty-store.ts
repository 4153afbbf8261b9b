import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '#server/errors.ts'
import type { ObjectStore, PutCondition } from '#server/object-store/object-store.ts'
import { SLOW_MS, isHead } from '#server/workspaces/faults/_store-faults.ts'
import type { FaultKind, StoreFaults } from '#server/workspaces/faults/_store-faults.ts'

type Body = Uint8Array | { stream: Readable; bytes: number }

/** A real store behind which things go wrong as `faults` says. While none is armed it is that store. */
export function createFaultyStore(store: ObjectStore, faults: StoreFaults): ObjectStore {
  const read = async () => {
    const kind = faults.take('read')
    refuse(kind)
    if (kind === 'slow') await delay(SLOW_MS)
    return kind
  }
  return {
    put: async (key, body, condition) => {
      const kind = faults.take(isHead(key) ? 'head-write' : 'object-write')
      refuse(kind)
      if (kind === 'slow') await delay(SLOW_MS)
      if (kind === 'cut') return putHalf(store, { key, body, condition })
      const written = await store.put(key, body, condition)
      if (kind === 'lost-answer') throw new AppError('unavailable', 'The connection broke before the answer.')
      return written
    },
    get: async (key, range) => {
      const kind = await read()
      const found = await store.get(key, range)
      if (found === undefined || kind === undefined || kind === 'slow') return found
      return { ...found, body: Readable.from(half(found.body)) }
    },
    head: async (key) => {
      await read()
      return store.head(key)
    },
    list: (prefix) => store.list(prefix),
    delete: (keys) => store.delete(keys),
    presignPut: (key, content) => store.presignPut(key, content),
    presignGet: (key) => store.presignGet(key),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}

function refuse(kind: FaultKind | undefined): void {
  if (kind === '500') throw new AppError('internal', 'The store answered 500.')
  if (kind === '503') throw new AppError('unavailable', 'The store answered 503.')
}

/** The connection breaks in the middle of the body. What the store makes of that is its own affair. */
async function putHalf(
  store: ObjectStore,
  { key, body, condition }: { key: string; body: Body; condition: PutCondition },
): Promise<{ etag: string }> {
  const whole = body instanceof Uint8Array ? { stream: Readable.from([body]), bytes: body.length } : body
  return await store.put(key, { stream: Readable.from(half(whole.stream)), bytes: whole.bytes }, condition)
}

/** Gives the first half of the first piece, then fails. */
async function* half(body: Readable): AsyncGenerator<Uint8Array> {
  for await (const piece of body) {
    if (piece instanceof Uint8Array) yield piece.subarray(0, piece.length >> 1)
    break
  }
  throw new AppError('unavailable', 'The connection broke in the middle.')
}
