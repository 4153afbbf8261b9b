import { AppError } from '#server/errors.ts'
import type { ObjectStore } from '#server/object-store/object-store.ts'

/** A whole object, at most `maxBytes`; `undefined` where nothing lies. */
export async function readObject(
  objectStore: ObjectStore,
  key: string,
  maxBytes: number,
): Promise<{ bytes: Buffer; etag: string } | undefined> {
  const found = await objectStore.get(key)
  if (found === undefined) return undefined
  if (found.info.bytes > maxBytes) {
    found.body.destroy()
    throw new AppError('too_large', `The object ${key} is larger than ${maxBytes} bytes.`)
  }
  const parts: Uint8Array[] = []
  for await (const part of found.body) parts.push(part)
  return { bytes: Buffer.concat(parts), etag: found.info.etag }
}
