import type { ChunkRef, SnapshotEntry } from '#snapshot/entry.ts'
import { sha256 } from '#snapshot/hash.ts'
import { encodeSegment } from '#snapshot/segment.ts'
import type { ControlPlane } from '../control-plane-client.ts'
import { MERGED_CHUNKS, MERGE_BYTES } from '../limits.ts'
import { Turns } from '#wire/turns.ts'
import { ChunkTable } from './chunk-table.ts'
import { describeSegment, sealSegments } from './draft.ts'
import type { SealedDraft } from './draft.ts'
import { fetchChunks } from './fetch-chunks.ts'
import { writeSegment } from './saved-tree.ts'
import type { Known, SavedSegment } from './saved-tree.ts'
import { createSlices } from './slice.ts'
import { Uploader } from './uploader.ts'

export interface MergeOptions extends Known {
  stateDir: string
  controlPlane: ControlPlane
  /** What of the snapshot lies in these packs comes to lie in new ones. */
  from: ReadonlySet<string>
  signal?: AbortSignal | undefined
  /** Bytes of entry lists that may be written anew; one list always may. */
  maxListBytes?: number | undefined
  /** A pack is damaged or not there: what could not be read of it stays where it is. */
  onUnreadable: (pack: string, error: unknown) => void
}

/**
 * The same snapshot in fewer packs. What lies in the packs `from` is fetched, checked against its hash and sent anew, then
 * the segments that name it; both are bounded, and what is too much for once stays where it is. Everything new is in
 * the store when this returns, and `chunks` knows where; nothing is committed, and no pack is touched that is there.
 */
export async function mergePacks(options: MergeOptions): Promise<SealedDraft> {
  const { controlPlane, tree, chunks, from } = options
  const { segments, refs } = await planMerge(options)
  // A table of its own: in that of the saves these chunks are in the store already.
  const moved = new ChunkTable()
  await using uploader = new Uploader({ controlPlane, chunks: moved })
  await moveChunks(refs, { ...options, uploader })
  // Only what was read just now is trusted, also where another copy of it is known.
  const placeOf = (ref: ChunkRef) => (from.has(ref.pack) ? moved.get(ref.sha256) : undefined) ?? ref
  const rewritten = await rewriteSegments(segments, { ...options, uploader, placeOf })
  learn(chunks, { moved, names: [...refs.keys(), ...rewritten.values().map(({ name }) => name)] })
  const merged = tree.segments.map((segment): SavedSegment => {
    const now = rewritten.get(segment)
    const ref = now === undefined ? undefined : moved.get(now.name)
    return now === undefined || ref === undefined ? segment : { ...now.described, ref }
  })
  return await sealSegments(merged, chunks)
}

/** Segments that are written anew, at least one, and the chunks that are moved for them, by name. */
async function planMerge({
  tree,
  from,
  signal,
  maxListBytes = MERGE_BYTES,
}: MergeOptions): Promise<{ segments: SavedSegment[]; refs: Map<string, ChunkRef> }> {
  const segments: SavedSegment[] = []
  const refs = new Map<string, ChunkRef>()
  const slice = createSlices()
  let bytes = 0
  for (const segment of tree.segments) {
    if (!from.has(segment.ref.pack) && !segment.packs.some((pack) => from.has(pack))) continue
    signal?.throwIfAborted()
    bytes += segment.ref.bytes
    if (segments.length > 0 && (bytes > maxListBytes || refs.size > MERGED_CHUNKS)) break
    segments.push(segment)
    for (const { entry } of tree.read(segment)) {
      if (entry.type !== 'file') continue
      for (const ref of entry.chunks) if (from.has(ref.pack)) refs.set(ref.sha256, ref)
    }
    await slice()
  }
  return { segments, refs }
}

async function moveChunks(
  refs: ReadonlyMap<string, ChunkRef>,
  { controlPlane, chunks, from, signal, onUnreadable, uploader }: MergeOptions & { uploader: Uploader },
): Promise<void> {
  const wanted = new Set(refs.values().map(({ pack }) => pack))
  await controlPlane.announceDownloads([...wanted].map((pack) => `packs/${pack}`))
  // Two packs are read at once; the uploader takes one chunk after the other.
  const turns = new Turns(1)
  await fetchChunks(refs.values(), {
    controlPlane,
    packBytes: new Map([...from].map((pack) => [pack, chunks.packBytes(pack) ?? 0])),
    onChunk: (ref, bytes) =>
      turns.run(async () => {
        signal?.throwIfAborted()
        await uploader.add(ref.sha256, bytes)
      }),
    onUnreadable,
  })
  await uploader.finish()
}

interface Rewritten {
  name: string
  described: Omit<SavedSegment, 'ref'>
}

/** Segments whose chunks, or they themselves, lie elsewhere now: in the state folder and in the store. */
async function rewriteSegments(
  segments: readonly SavedSegment[],
  {
    stateDir,
    tree,
    signal,
    uploader,
    placeOf,
  }: MergeOptions & { uploader: Uploader; placeOf: (ref: ChunkRef) => ChunkRef },
): Promise<Map<SavedSegment, Rewritten>> {
  const rewritten = new Map<SavedSegment, Rewritten>()
  const slice = createSlices()
  for (const segment of segments) {
    await slice()
    signal?.throwIfAborted()
    const saved = tree.readSurely(segment)
    const entries = saved.map(({ entry }): SnapshotEntry =>
      entry.type === 'file' ? { ...entry, chunks: entry.chunks.map(placeOf) } : entry,
    )
    const bytes = encodeSegment(entries)
    const name = sha256(bytes)
    const identities = saved.map(({ identity }) => identity)
    // One that stays the same and only moves lies there already; a kill while it is written would damage what the last save knew.
    if (name !== segment.ref.sha256) writeSegment(stateDir, { name, bytes }, identities)
    await uploader.add(name, bytes)
    rewritten.set(segment, { name, described: describeSegment(entries) })
  }
  await uploader.finish()
  return rewritten
}

/** Who has one of these chunks from now on refers to it where it was moved to. */
function learn(chunks: ChunkTable, { moved, names }: { moved: ChunkTable; names: string[] }): void {
  for (const name of names) {
    const ref = moved.get(name)
    const bytes = ref === undefined ? undefined : moved.packBytes(ref.pack)
    if (ref === undefined || bytes === undefined) continue
    chunks.addPack(ref.pack, bytes)
    chunks.add(ref)
  }
}
