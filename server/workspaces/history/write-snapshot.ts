import type { DirectoryEntry, FileEntry, SnapshotEntry, SymlinkEntry } from '#snapshot/entry.ts'
import type { ChunkRef } from '#snapshot/entry.ts'
import { sha256 } from '#snapshot/hash.ts'
import { CHUNK_BYTES, PACK_TARGET_BYTES } from '#snapshot/limits.ts'
import { PackBuilder } from '#snapshot/pack.ts'
import type { Pack } from '#snapshot/pack.ts'
import { sealSnapshot } from '#snapshot/seal-snapshot.ts'
import { checkTree, compareEntries } from '#snapshot/tree-order.ts'
import type { ObjectStore } from '#server/object-store/object-store.ts'
import { rescue } from '#server/workspaces/collection.ts'
import { manifestKey, packKey } from '#server/workspaces/keys.ts'
import { putIfMissing, putOnce } from '#server/workspaces/put-object.ts'
import type { WorkspaceRef } from '#server/workspaces/workspaces.ts'

/** Something to be in a snapshot; files come with their content. Names are byte strings. */
export type SourceEntry =
  | DirectoryEntry
  | SymlinkEntry
  | (Omit<FileEntry, 'chunks' | 'size'> & { content: AsyncIterable<Uint8Array> })

/** A snapshot that lies in the store and that no head names yet. */
export interface WrittenSnapshot {
  manifest: string
  files: number
  bytes: number
}

type PlainFile = Omit<FileEntry, 'chunks'> & { chunks: string[] }

/**
 * Writes a tree into the store as a snapshot of `repl`: packs, then manifest. In memory are the list of entries and one
 * pack. The entries may come in any order; `SnapshotError` if they form no tree.
 */
export async function writeSnapshot(
  objectStore: ObjectStore,
  repl: WorkspaceRef,
  source: AsyncIterable<SourceEntry>,
): Promise<WrittenSnapshot> {
  const packs = new PackSink(objectStore, repl)
  const entries: (PlainFile | DirectoryEntry | SymlinkEntry)[] = []
  for await (const entry of source) {
    if (entry.type !== 'file') entries.push(entry)
    else {
      const { content, ...rest } = entry
      entries.push({ ...rest, ...(await packs.addFile(content)) })
    }
  }
  await packs.flush()
  const placed = entries
    .map((entry): SnapshotEntry => (entry.type === 'file' ? { ...entry, chunks: packs.refsOf(entry.chunks) } : entry))
    .sort(compareEntries)
  checkTree(placed)
  return sealInto(objectStore, repl, { entries: placed, packBytes: packs.bytes })
}

/** Brings the list of entries and the manifest into the store; what the entries name lies there. */
export async function sealInto(
  objectStore: ObjectStore,
  repl: WorkspaceRef,
  { entries, packBytes }: { entries: SnapshotEntry[]; packBytes: Map<string, number> },
): Promise<WrittenSnapshot> {
  const sealed = await sealSnapshot(entries, {
    known: new Map(),
    packBytes,
    store: (pack) => storePack(objectStore, repl, pack),
  })
  const key = manifestKey(repl.replId, sealed.manifest.sha256)
  await rescue(objectStore, repl.ownerId, [key])
  await putOnce(objectStore, key, sealed.manifest.bytes)
  return { manifest: sealed.manifest.sha256, files: sealed.files, bytes: sealed.bytes }
}

async function storePack(objectStore: ObjectStore, { ownerId }: WorkspaceRef, pack: Pack): Promise<void> {
  const key = packKey(ownerId, pack.sha256)
  await rescue(objectStore, ownerId, [key])
  await putIfMissing(objectStore, key, pack.bytes)
}

/** Cuts files into chunks and sends packs as they fill up. */
class PackSink {
  readonly bytes = new Map<string, number>()
  readonly #objectStore: ObjectStore
  readonly #repl: WorkspaceRef
  readonly #refs = new Map<string, ChunkRef>()
  #builder = new PackBuilder()

  constructor(objectStore: ObjectStore, repl: WorkspaceRef) {
    this.#objectStore = objectStore
    this.#repl = repl
  }

  async addFile(content: AsyncIterable<Uint8Array>): Promise<{ size: number; chunks: string[] }> {
    const chunks: string[] = []
    let size = 0
    for await (const chunk of inChunks(content)) {
      size += chunk.length
      chunks.push(await this.#add(chunk))
    }
    return { size, chunks }
  }

  refsOf(chunks: readonly string[]): ChunkRef[] {
    return chunks.map((name) => {
      const ref = this.#refs.get(name)
      if (ref === undefined) throw new Error(`chunk ${name} is in no pack`)
      return ref
    })
  }

  async flush(): Promise<void> {
    const pack = await this.#builder.seal()
    this.#builder = new PackBuilder()
    if (pack === undefined) return
    await storePack(this.#objectStore, this.#repl, pack)
    this.bytes.set(pack.sha256, pack.bytes.length)
    for (const [name, ref] of pack.refs) this.#refs.set(name, ref)
  }

  async #add(chunk: Buffer): Promise<string> {
    const name = sha256(chunk)
    if (!this.#refs.has(name)) this.#builder.add(name, chunk)
    if (this.#builder.rawBytes >= PACK_TARGET_BYTES) await this.flush()
    return name
  }
}

async function* inChunks(content: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of content) {
    let rest = part
    while (bytes + rest.length >= CHUNK_BYTES) {
      const taken = CHUNK_BYTES - bytes
      yield Buffer.concat([...parts, rest.subarray(0, taken)])
      rest = rest.subarray(taken)
      parts = []
      bytes = 0
    }
    // A copy: who gives the parts may use their memory again.
    if (rest.length > 0) parts.push(Uint8Array.from(rest))
    bytes += rest.length
  }
  if (bytes > 0) yield Buffer.concat(parts)
}
