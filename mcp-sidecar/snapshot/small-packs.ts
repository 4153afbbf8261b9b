import type { ChunkRef } from '#snapshot/entry.ts'
import { MERGE_BYTES, SMALL_PACK_BYTES } from '../limits.ts'
import type { SavedTree } from './saved-tree.ts'
import { createSlices } from './slice.ts'

/** A pack, and how much of it a snapshot needs, in raw bytes. */
export type PackUse = readonly [pack: string, bytes: number]

/**
 * How much of each pack a snapshot needs. What it has several times counts as often, which makes a pack look larger than it
 * is: so those that do not look small are at most as many as `SMALL_PACK_BYTES` fit into all files together.
 */
export async function packUses(tree: SavedTree, signal?: AbortSignal): Promise<Map<string, number>> {
  const uses = new Map<string, number>()
  const count = ({ pack, bytes }: ChunkRef) => void uses.set(pack, (uses.get(pack) ?? 0) + bytes)
  const slice = createSlices()
  for (const segment of tree.segments) {
    signal?.throwIfAborted()
    count(segment.ref)
    for (const { entry } of tree.read(segment)) if (entry.type === 'file') for (const ref of entry.chunks) count(ref)
    await slice()
  }
  return uses
}

/** Packs that are small and may be merged, the smallest first. */
export function smallPacks(uses: ReadonlyMap<string, number>, except: ReadonlySet<string>): PackUse[] {
  return [...uses]
    .filter(([pack, bytes]) => bytes < SMALL_PACK_BYTES && !except.has(pack))
    .toSorted(([, one], [, other]) => one - other)
}

/** Those of them that are merged at once: `count` at most. */
export function firstToMerge(small: readonly PackUse[], count: number): Set<string> {
  let room = MERGE_BYTES
  const first = small.slice(0, count).filter(([, bytes]) => {
    room -= bytes
    return room >= 0
  })
  return new Set(first.map(([pack]) => pack))
}
