import type { Readable } from 'node:stream'

/**
 * Object store port: what S3 does, no more. Adapters: `s3.ts`, `disk.ts`; both pass `object-store.contract.ts`.
 * Keys are `/`-separated, of `[A-Za-z0-9._/-]`, no empty part or `..`. Faults: `conflict` (a condition did not hold),
 * `unavailable` (out of reach; safe to retry).
 */
export interface ObjectInfo {
  key: string
  bytes: number
  etag: string
  modifiedAt: number
}

/** `ifAbsent`: only if nothing lies there. `ifMatch`: only over this etag. */
export type PutCondition = { ifAbsent: true } | { ifMatch: string } | undefined

/** How somebody without credentials does one PUT or GET: exactly this key, size and content. */
export interface Presigned {
  /** Absolute, or relative to the control plane's internal address (the disk adapter). */
  url: string
  headers: Record<string, string>
  /** Milliseconds since the epoch. */
  expiresAt: number
}

export interface ObjectStore extends AsyncDisposable {
  /** Atomic: readers see the old object or the whole new one. Returns the new etag. A stream needs its `bytes`. */
  put(
    key: string,
    body: Uint8Array | { stream: Readable; bytes: number },
    condition?: PutCondition,
  ): Promise<{ etag: string }>
  /** `range` is inclusive (RFC 9110 §14). `undefined` where nothing lies. The caller reads the stream to its end or destroys it. */
  get(key: string, range?: { first: number; last: number }): Promise<{ body: Readable; info: ObjectInfo } | undefined>
  head(key: string): Promise<ObjectInfo | undefined>
  /** In key order. */
  list(prefix: string): AsyncIterable<ObjectInfo>
  /** Deleting what is not there is no error. */
  delete(keys: string[]): Promise<void>
  presignPut(key: string, content: { bytes: number; sha256: string }): Promise<Presigned>
  presignGet(key: string): Promise<Presigned>
}
