import { AppError } from '#server/errors.ts'
import type { ObjectStore } from '#server/object-store/object-store.ts'

/** An object named after its content need not be written twice. */
export async function putOnce(objectStore: ObjectStore, key: string, bytes: Uint8Array): Promise<void> {
  try {
    await objectStore.put(key, bytes, { ifAbsent: true })
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'conflict') throw error
  }
}

/** Looks first: what mostly lies there already need not even be sent. `rescue` it before. */
export async function putIfMissing(objectStore: ObjectStore, key: string, bytes: Uint8Array): Promise<void> {
  const there = await objectStore.head(key)
  if (there?.bytes !== bytes.length) await putOnce(objectStore, key, bytes)
}
