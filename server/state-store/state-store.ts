/**
 * State store port: versioned records, transactions over several keys, leases with fencing numbers. Nouns (users, repls,
 * shares, grants, tokens) live above it. Adapters: `sqlite.ts`, `redis.ts`; both pass `state-store.contract.ts`.
 *
 * Keys are `noun:id[:…]`, of `[A-Za-z0-9:_.@-]`, at most 512 bytes. Values are JSON, parsed by their noun's schema when
 * read. Adapters translate their faults: a lost race is `AppError('conflict')`, a store out of reach `'unavailable'`.
 */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json | undefined }

export interface StoredRecord {
  key: string
  value: Json
  /** Changes with every write; opaque. */
  version: string
}

/** What must lie at a key for a write to happen: a version, nothing, or anything. */
export type Expected = { version: string } | 'absent' | 'any'

export type Write =
  | { kind: 'put'; key: string; value: Json; expected: Expected; ttlMs?: number }
  | { kind: 'delete'; key: string; expected: Expected }
  /** Writes nothing, but the transaction fails unless it holds. */
  | { kind: 'check'; key: string; expected: Exclude<Expected, 'any'> }

export interface Lease extends AsyncDisposable {
  /** Grows with every grant of this name: a store or sandbox that saw a higher one refuses this one. */
  readonly fence: number
  /** Extends it; `false` if it was lost meanwhile. */
  renew(): Promise<boolean>
}

export interface StateStore extends AsyncDisposable {
  get(key: string): Promise<StoredRecord | undefined>
  /** Several at once, in order; `undefined` where nothing lies. */
  getMany(keys: string[]): Promise<(StoredRecord | undefined)[]>
  /** Returns the new version; `AppError('conflict')` if `expected` does not hold. */
  put(key: string, value: Json, options: { expected: Expected; ttlMs?: number }): Promise<string>
  /** Deleting what is not there is no error unless a version was expected. */
  delete(key: string, expected: Expected): Promise<void>
  /** Records whose keys begin with `prefix`, in key order, a page at a time; `cursor` absent at the end. */
  list(
    prefix: string,
    options?: { cursor?: string; limit?: number },
  ): Promise<{ records: StoredRecord[]; cursor?: string }>
  /** All of the writes or none; `AppError('conflict')` names the key that was not as expected. At most 100 writes. */
  transact(writes: Write[]): Promise<void>
  /** Takes a lease for `ms`, or `undefined` while somebody else holds it. Disposing releases it. */
  lease(name: string, ms: number): Promise<Lease | undefined>
  /** A hint to everyone subscribed, on any replica: it may be lost, so a reader also looks from time to time. */
  publish(channel: string, message: Json): Promise<void>
  /** Calls `listener` for each hint until disposed. Channels are of `[A-Za-z0-9:_.-]`. */
  subscribe(channel: string, listener: (message: Json) => void): Promise<AsyncDisposable>
}
