import { AppError } from '#server/errors.ts'
import type { ObjectStore } from '#server/object-store/object-store.ts'
import { MAX_LISTED, TAKE_OVER_MS, editCollection } from '#server/workspaces/collection.ts'
import type { Collection } from '#server/workspaces/collection.ts'
import { readHead } from '#server/workspaces/head.ts'
import { readManifest } from '#server/workspaces/history/open-snapshot.ts'
import { manifestKey, manifestPrefix, ownedPrefix, packKey, packPrefix } from '#server/workspaces/keys.ts'

/**
 * How old an object must be to be doomed. Far longer than any save: what a save has looked at when it began is still
 * there when it ends.
 */
export const GRACE_MS = 24 * 3_600_000
/**
 * How long it is doomed before it is deleted: longer than any commit, fork or download takes from its first look to its
 * end. No longer than that, or the list of a repl that writes all the time (3,400 objects an hour) would grow too long.
 */
export const DOOMED_MS = 3 * 3_600_000
/** Objects deleted in one call. */
const DELETE_BATCH = 500

/** A pass begins no deletion so long after it took the keys: after `TAKE_OVER_MS` nobody counts on it any more. */
const DELETE_WITHIN_MS = 10 * 60_000

interface CollectOptions {
  objectStore: ObjectStore
  ownerId: string
  /** Repls that are known to be the owner's, besides those that the store has a mark of. */
  replIds?: readonly string[]
  /** Milliseconds since the epoch. */
  now: () => number
  /** Keys on the list. What finds no room is doomed when there is some. */
  maxListed?: number
}

/**
 * Mark and sweep over one owner's packs and manifests. Marks whatever a head of the owner's repls names in its history;
 * deletes what was unmarked in this pass and in one at least `DOOMED_MS` ago, and dooms what is unmarked now. Safe beside
 * saves, forks and other passes (`collection.ts`). Returns how many objects were deleted.
 */
export async function collect(options: CollectOptions): Promise<number> {
  const { objectStore, ownerId, now } = options
  const replIds = [...new Set([...(options.replIds ?? []), ...(await replsOf(objectStore, ownerId))])]
  const live = await mark(objectStore, ownerId, replIds)
  const unmarked = await unmarkedOf(options, { replIds, live })
  const at = now()
  let taken: string[] = []
  await editCollection(objectStore, ownerId, (current) => {
    const next = decide(current, unmarked, { at, maxListed: options.maxListed ?? MAX_LISTED })
    taken = next.taken
    return next.collection
  })
  return await remove(options, { keys: taken, takenAt: at })
}

/** What is deleted now, and what the list says afterwards. */
function decide(
  current: Collection,
  unmarked: Map<string, number>,
  { at, maxListed }: { at: number; maxListed: number },
): { taken: string[]; collection: Collection } {
  // Begun by a pass that did not come to its end.
  const left = Object.entries(current.deleting).filter(([, since]) => at - since >= TAKE_OVER_MS)
  const taken = left.map(([key]) => key)
  const waiting: [string, number][] = []
  const young: [string, number][] = []
  for (const [key, writtenAt] of unmarked) {
    const since = current.doomed[key]
    if (since !== undefined && at - since >= DOOMED_MS) taken.push(key)
    else if (since !== undefined) waiting.push([key, since])
    else if (at - writtenAt >= GRACE_MS && !Object.hasOwn(current.deleting, key)) young.push([key, writtenAt])
  }
  const deleting = { ...current.deleting, ...Object.fromEntries(taken.map((key) => [key, at])) }
  const room = Math.max(0, maxListed - Object.keys(deleting).length)
  // The oldest come first, so that none waits for ever.
  const added = young.toSorted(([, one], [, other]) => one - other).map(([key]): [string, number] => [key, at])
  const doomed = Object.fromEntries([...waiting, ...added].slice(0, room))
  if (taken.length === 0 && isSame(doomed, current.doomed)) return { taken, collection: current }
  return { taken, collection: { doomed, deleting } }
}

/** Deletes what was taken, as far as there is time, and takes it off the list. Returns how many objects were deleted. */
async function remove(
  { objectStore, ownerId, now }: CollectOptions,
  { keys, takenAt }: { keys: string[]; takenAt: number },
): Promise<number> {
  if (keys.length === 0) return 0
  let deleted = 0
  // Of these nobody knows whether they are there, or will be.
  let uncertain: string[] = []
  try {
    while (deleted < keys.length && now() - takenAt <= DELETE_WITHIN_MS) {
      uncertain = keys.slice(deleted, deleted + DELETE_BATCH)
      await objectStore.delete(uncertain)
      deleted += uncertain.length
      uncertain = []
    }
  } finally {
    // What it did not come to is let go too: who needs it need not wait, and a later pass finds it again.
    const done = new Set(keys)
    for (const key of uncertain) done.delete(key)
    await editCollection(objectStore, ownerId, (current) => ({
      ...current,
      // Somebody else's by now where the time is another one.
      deleting: Object.fromEntries(
        Object.entries(current.deleting).filter(([key, since]) => !done.has(key) || since !== takenAt),
      ),
    }))
  }
  return deleted
}

async function replsOf(objectStore: ObjectStore, ownerId: string): Promise<string[]> {
  const prefix = ownedPrefix(ownerId)
  const ids: string[] = []
  for await (const { key } of objectStore.list(prefix)) ids.push(key.slice(prefix.length))
  return ids
}

/** Keys of all manifests and packs that some head still leads to. A manifest that is missing keeps nothing alive. */
async function mark(objectStore: ObjectStore, ownerId: string, replIds: string[]): Promise<Set<string>> {
  const live = new Set<string>()
  for (const replId of replIds) {
    const found = await readHead(objectStore, replId)
    for (const manifest of new Set(found?.head.history.map((row) => row.manifest))) {
      live.add(manifestKey(replId, manifest))
      for (const pack of await packsOf(objectStore, { replId, ownerId }, manifest)) live.add(packKey(ownerId, pack))
    }
  }
  return live
}

async function packsOf(
  objectStore: ObjectStore,
  repl: { replId: string; ownerId: string },
  manifest: string,
): Promise<string[]> {
  try {
    return (await readManifest(objectStore, repl, manifest)).packs.map(({ sha256 }) => sha256)
  } catch (error) {
    if (error instanceof AppError && error.code === 'gone') return []
    throw error
  }
}

/** Unmarked objects and when they were written. */
async function unmarkedOf(
  { objectStore, ownerId }: CollectOptions,
  { replIds, live }: { replIds: string[]; live: Set<string> },
): Promise<Map<string, number>> {
  const unmarked = new Map<string, number>()
  for (const prefix of [packPrefix(ownerId), ...replIds.map(manifestPrefix)]) {
    for await (const { key, modifiedAt } of objectStore.list(prefix)) {
      if (!live.has(key)) unmarked.set(key, modifiedAt)
    }
  }
  return unmarked
}

function isSame(one: Record<string, number>, other: Record<string, number>): boolean {
  const keys = Object.keys(one)
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key])
}
