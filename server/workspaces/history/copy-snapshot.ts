import { byteStringOf } from '#snapshot/byte-string.ts'
import type { SnapshotEntry } from '#snapshot/entry.ts'
import { compareEntries } from '#snapshot/tree-order.ts'
import { MAX_MANIFEST_BYTES } from '#snapshot/limits.ts'
import { AppError } from '#server/errors.ts'
import type { ObjectStore } from '#server/object-store/object-store.ts'
import { rescue } from '#server/workspaces/collection.ts'
import { markOwned, putHead } from '#server/workspaces/head.ts'
import type { Reason } from '#server/workspaces/head.ts'
import { foldersAbove } from '#server/workspaces/history/folders-above.ts'
import { openSnapshot, readManifest } from '#server/workspaces/history/open-snapshot.ts'
import type { OpenSnapshot } from '#server/workspaces/history/open-snapshot.ts'
import { sealInto, writeSnapshot } from '#server/workspaces/history/write-snapshot.ts'
import type { SourceEntry, WrittenSnapshot } from '#server/workspaces/history/write-snapshot.ts'
import { manifestKey, packKey } from '#server/workspaces/keys.ts'
import { putOnce } from '#server/workspaces/put-object.ts'
import { readObject } from '#server/workspaces/read-object.ts'
import type { WorkspaceRef } from '#server/workspaces/workspaces.ts'

/** A snapshot of a repl. */
export interface SnapshotRef {
  repl: WorkspaceRef
  manifest: string
}

/**
 * Gives a new repl a snapshot of another one as its first. Within one owner nothing but the manifest is copied. Another
 * owner gets the project only, packed anew: the home folder holds what a person typed and signed in with, and a pack
 * with pieces of it must not become theirs.
 */
export async function forkSnapshot(objectStore: ObjectStore, from: SnapshotRef, to: WorkspaceRef): Promise<void> {
  const copied =
    from.repl.ownerId === to.ownerId ? await copyManifest(objectStore, from, to) : await repack(objectStore, from, to)
  await writeFirstHead(objectStore, to, { reason: 'fork', stored: copied })
}

/** The head of a repl that has none yet, as soon as what it names is stored; its owner's mark is set meanwhile. */
export async function writeFirstHead(
  objectStore: ObjectStore,
  { replId, ownerId, name }: WorkspaceRef,
  { reason, stored }: { reason: Reason; stored: WrittenSnapshot | Promise<WrittenSnapshot> },
): Promise<void> {
  const owned = { repl: replId, owner: ownerId }
  const [snapshot] = await Promise.all([stored, markOwned(objectStore, owned)])
  // The first start is always generation 1: it need not take the head over before it restores.
  const head = { ...owned, ...snapshot, generation: 1, savedAt: Date.now(), reason }
  await putHead(objectStore, { ...head, ...(name !== undefined && { name }) }, { ifAbsent: true })
}

async function copyManifest(objectStore: ObjectStore, from: SnapshotRef, to: WorkspaceRef): Promise<WrittenSnapshot> {
  const { files, bytes, packs } = await readManifest(objectStore, from.repl, from.manifest)
  const keys = packs.map(({ sha256 }) => packKey(to.ownerId, sha256))
  await rescue(objectStore, to.ownerId, keys)
  const found = await readObject(objectStore, manifestKey(from.repl.replId, from.manifest), MAX_MANIFEST_BYTES)
  if (found === undefined) throw new AppError('gone', 'This snapshot is no longer in the store.')
  await putOnce(objectStore, manifestKey(to.replId, from.manifest), found.bytes)
  return { manifest: from.manifest, files, bytes }
}

async function repack(objectStore: ObjectStore, from: SnapshotRef, to: WorkspaceRef): Promise<WrittenSnapshot> {
  const snapshot = await openSnapshot(objectStore, from.repl, from.manifest)
  return writeSnapshot(objectStore, to, projectOf(snapshot))
}

async function* projectOf(snapshot: OpenSnapshot): AsyncGenerator<SourceEntry> {
  for (const entry of snapshot.entries) {
    if (entry.root === 'home') {
      if (entry.path === '' && entry.type === 'directory') yield entry
    } else if (entry.type === 'file') {
      const { chunks: _, size: __, ...rest } = entry
      yield { ...rest, content: snapshot.read(entry) }
    } else yield entry
  }
}

/**
 * A snapshot that is `base` but at some paths of the project, where it is `other`; nothing else is copied. A path that
 * `other` lacks is removed. `conflict` where a folder of a path is no folder in `base`.
 */
export async function withPathsOf(
  objectStore: ObjectStore,
  repl: WorkspaceRef,
  { base, other, paths }: { base: string; other: string; paths: readonly string[] },
): Promise<WrittenSnapshot> {
  const [before, after] = [await openSnapshot(objectStore, repl, base), await openSnapshot(objectStore, repl, other)]
  const meant = new Set(paths.map(byteStringOf))
  const isMeant = ({ root, path }: SnapshotEntry) =>
    root === 'workspace' && (meant.has(path) || foldersAbove(path).some((folder) => meant.has(folder)))
  const taken = after.entries.filter(isMeant)
  const { kept = [], replaced = [] } = Object.groupBy(before.entries, (entry) => (isMeant(entry) ? 'replaced' : 'kept'))
  const concerned = [...replaced, ...taken]
  const known = new Set([...concerned.map(keyOf), ...keysAbove(concerned)])
  const unknown = paths.find((path) => !known.has(keyOf({ root: 'workspace', path: byteStringOf(path) })))
  if (unknown !== undefined) throw new AppError('not_found', `${unknown} is not there now, and was not there then.`)
  const there = new Map(kept.map((entry) => [keyOf(entry), entry]))
  const above = keysAbove(taken)
  const folders = after.entries.filter(
    (entry) => !isMeant(entry) && !there.has(keyOf(entry)) && above.has(keyOf(entry)),
  )
  for (const key of above) {
    const other = there.get(key)
    if (other !== undefined && other.type !== 'directory')
      throw new AppError('conflict', `${other.path} is no folder now.`)
  }
  const packBytes = new Map(
    [...before.manifest.packs, ...after.manifest.packs].map(({ sha256, bytes }) => [sha256, bytes]),
  )
  await rescue(
    objectStore,
    repl.ownerId,
    [...packBytes.keys()].map((pack) => packKey(repl.ownerId, pack)),
  )
  const entries = [...kept, ...folders, ...taken].sort(compareEntries)
  return sealInto(objectStore, repl, { entries, packBytes })
}

function keyOf({ root, path }: Pick<SnapshotEntry, 'root' | 'path'>): string {
  return `${root}:${path}`
}

/** Keys of all folders above some entries. In time that grows with them alone: this runs where everybody is served. */
function keysAbove(entries: readonly SnapshotEntry[]): Set<string> {
  const keys = new Set<string>()
  for (const { root, path } of entries) {
    for (const folder of foldersAbove(path)) {
      const key = keyOf({ root, path: folder })
      // Those above it are known with it.
      if (keys.has(key)) break
      keys.add(key)
    }
  }
  return keys
}
