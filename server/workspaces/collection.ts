import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { AppError } from '#server/errors.ts'
import type { ObjectStore } from '#server/object-store/object-store.ts'
import { collectionKey } from '#server/workspaces/keys.ts'
import { readObject } from '#server/workspaces/read-object.ts'

/**
 * Which objects of an owner are about to be deleted: `owners/<id>/collection.json`. The collector (`collect.ts`) names an
 * object here long before it deletes it, and moves it to `deleting` by compare-and-set just before. Whoever is about to
 * refer to an object that lay in the store already asks `rescue` first, which takes it off the list by compare-and-set.
 * So either the collector sees the rescue, or the rescuer sees that it came too late and writes the object anew.
 */
const collectionSchema = z.object({
  format: z.literal('devex-collection'),
  version: z.literal(1),
  /** Keys that nothing referred to, and when that was seen. */
  doomed: z.record(z.string(), z.number()),
  /** Keys that are being deleted, and since when. */
  deleting: z.record(z.string(), z.number()),
})
export type Collection = Pick<z.infer<typeof collectionSchema>, 'doomed' | 'deleting'>

/** Keys on the list that the collector writes. All of them are at most some 11 MiB, which every commit reads. */
export const MAX_LISTED = 100_000
/** Far more than that: a list that cannot be read keeps its owner from saving, and everything from being deleted. */
const MAX_COLLECTION_BYTES = 256 * 1024 * 1024
/** Attempts at a change that meets another one. */
const MAX_ATTEMPTS = 20
/**
 * A deletion that has stood on the list for so long is not under way any more, whatever became of its control plane: no
 * pass begins to delete anything `DELETE_WITHIN_MS` after it took it, and a call to the store takes minutes at most.
 */
export const TAKE_OVER_MS = 30 * 60_000
/** How often and how long apart a rescuer looks whether a deletion under way has ended. */
const MAX_LOOKS = 20
const LOOK_EVERY_MS = 250

/** What is on the list, and its version. */
export async function readCollection(
  objectStore: ObjectStore,
  ownerId: string,
): Promise<{ collection: Collection; etag: string | null }> {
  const found = await readObject(objectStore, collectionKey(ownerId), MAX_COLLECTION_BYTES)
  if (found === undefined) return { collection: { doomed: {}, deleting: {} }, etag: null }
  const { doomed, deleting } = collectionSchema.parse(JSON.parse(found.bytes.toString('utf8')))
  return { collection: { doomed, deleting }, etag: found.etag }
}

/** Changes the list, again where somebody else was quicker. The same list given back: nothing is written. */
export async function editCollection(
  objectStore: ObjectStore,
  ownerId: string,
  change: (collection: Collection) => Collection,
): Promise<Collection> {
  for (let attempt = 1; ; attempt += 1) {
    const { collection, etag } = await readCollection(objectStore, ownerId)
    const next = change(collection)
    if (next === collection) return collection
    const body = Buffer.from(JSON.stringify({ format: 'devex-collection', version: 1, ...next }))
    try {
      await objectStore.put(collectionKey(ownerId), body, etag === null ? { ifAbsent: true } : { ifMatch: etag })
      return next
    } catch (error) {
      const isBeaten = error instanceof AppError && error.code === 'conflict'
      if (!isBeaten || attempt === MAX_ATTEMPTS) throw error
    }
  }
}

/**
 * To be called before anything is made to refer to objects that may have lain in the store for long: afterwards those
 * that are still there stay. Waits for a deletion under way; `unavailable` where it does not end.
 */
export async function rescue(objectStore: ObjectStore, ownerId: string, keys: readonly string[]): Promise<void> {
  for (let look = 1; ; look += 1) {
    // Only after waiting for it: a machine that slept goes on where it was, and is through in a moment.
    const brokenOffBy = look === MAX_LOOKS ? Date.now() - TAKE_OVER_MS : -Infinity
    const { deleting } = await editCollection(objectStore, ownerId, (collection) =>
      without(collection, keys, brokenOffBy),
    )
    if (!keys.some((key) => Object.hasOwn(deleting, key))) return
    if (look === MAX_LOOKS) {
      throw new AppError('unavailable', 'An old object that this snapshot needs is just being removed.', {
        advice: 'Try again in a moment: it is then stored anew.',
      })
    }
    await delay(LOOK_EVERY_MS)
  }
}

/** The list without these keys, but for those whose deletion may be under way: it began after `brokenOffBy`. */
function without(collection: Collection, keys: readonly string[], brokenOffBy: number): Collection {
  const { doomed, deleting } = collection
  const saved = keys.filter((key) => Object.hasOwn(doomed, key) || (deleting[key] ?? Infinity) <= brokenOffBy)
  if (saved.length === 0) return collection
  const next = { doomed: { ...doomed }, deleting: { ...deleting } }
  for (const key of saved) {
    delete next.doomed[key]
    delete next.deleting[key]
  }
  return next
}
