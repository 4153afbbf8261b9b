import type { ChunkRef, FileEntry, Root, SnapshotEntry } from '#snapshot/entry.ts'
import { MAX_FRAME_BYTES, MAX_MANIFEST_BYTES } from '#snapshot/limits.ts'
import { decodeManifest } from '#snapshot/manifest.ts'
import type { Manifest } from '#snapshot/manifest.ts'
import { chunkIn, openFrame } from '#snapshot/pack.ts'
import { decodeSegment } from '#snapshot/segment.ts'
import { checkTree } from '#snapshot/tree-order.ts'
import { AppError } from '#server/errors.ts'
import type { ObjectStore } from '#server/object-store/object-store.ts'
import { manifestKey, packKey } from '#server/workspaces/keys.ts'
import { readObject } from '#server/workspaces/read-object.ts'
import type { WorkspaceRef } from '#server/workspaces/workspaces.ts'

/** Largest compressed frame: content that cannot be compressed, and zstd's own headers. */
const MAX_FRAME_WIRE_BYTES = MAX_FRAME_BYTES + 64 * 1024

/** A snapshot, read from the object store alone. */
export interface OpenSnapshot {
  manifest: Manifest
  /** In tree order, checked: it can be written below two folders without leaving them. */
  entries: SnapshotEntry[]
  /** Content of a file, piece by piece, each piece checked against its hash. Holds one frame at a time. */
  read: (file: FileEntry) => AsyncGenerator<Buffer>
}

/**
 * Reads a snapshot's list of entries, all of it into memory: whoever does so at a stranger's wish has a place for it
 * (`places.ts`). `gone`: it is not in the store (any more).
 */
export async function openSnapshot(
  objectStore: ObjectStore,
  repl: WorkspaceRef,
  manifestName: string,
): Promise<OpenSnapshot> {
  const manifest = await readManifest(objectStore, repl, manifestName)
  const frames = createFrames(objectStore, repl)
  const entries: SnapshotEntry[] = []
  for (const ref of manifest.segments) {
    for (const entry of decodeSegment(chunkIn(await frames(ref), ref))) entries.push(entry)
  }
  checkTree(entries)
  return { manifest, entries, read: (file) => readChunks(createFrames(objectStore, repl), file) }
}

/** The manifest of this name; `gone` where there is none. */
export async function readManifest(
  objectStore: ObjectStore,
  { replId }: WorkspaceRef,
  manifestName: string,
): Promise<Manifest> {
  const found = await readObject(objectStore, manifestKey(replId, manifestName), MAX_MANIFEST_BYTES)
  if (found === undefined) {
    throw new AppError('gone', 'This snapshot is no longer in the store.', {
      advice: 'Choose another one: old snapshots are thinned out unless they have a name.',
    })
  }
  return decodeManifest(manifestName, found.bytes)
}

/** The entry at a path; `''` is the root itself. */
export function entryAt(snapshot: OpenSnapshot, root: Root, path: string): SnapshotEntry | undefined {
  return snapshot.entries.find((entry) => entry.root === root && entry.path === path)
}

async function* readChunks(
  frames: (ref: ChunkRef) => Promise<Buffer>,
  file: FileEntry,
): AsyncGenerator<Buffer, undefined> {
  for (const ref of file.chunks) yield chunkIn(await frames(ref), ref)
}

/** Fetches frames; the last one is kept, since chunks that follow each other mostly share it. */
function createFrames(objectStore: ObjectStore, { ownerId }: WorkspaceRef): (ref: ChunkRef) => Promise<Buffer> {
  let last: { name: string; bytes: Buffer } | undefined
  return async ({ pack, frameStart, frameBytes }) => {
    const name = `${pack} ${frameStart} ${frameBytes}`
    if (last?.name === name) return last.bytes
    if (frameBytes > MAX_FRAME_WIRE_BYTES) throw new AppError('internal', `A frame of pack ${pack} is too large.`)
    const range = { first: frameStart, last: frameStart + frameBytes - 1 }
    const found = await objectStore.get(packKey(ownerId, pack), range)
    if (found === undefined) throw new AppError('gone', `The store lacks pack ${pack} of this snapshot.`)
    const bytes = await openFrame(pack, Buffer.concat(await found.body.toArray()))
    last = { name, bytes }
    return bytes
  }
}
