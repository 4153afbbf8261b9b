import type { ChunkRef, SnapshotEntry } from '#snapshot/entry.ts'
import type { ControlPlane } from '../control-plane-client.ts'
import type { FoundEntry } from './draft.ts'
import { fetchManifest, fetchSome } from './fetch-snapshot.ts'
import { InStep } from './in-step.ts'
import { hasSameContent, liveEntryOf } from './plan-restore.ts'
import type { SavedEntry, SavedTree } from './saved-tree.ts'

interface UndoOptions {
  controlPlane: ControlPlane
  /** What the last save knew: mostly the snapshot asked for, so that nothing is fetched. */
  tree: SavedTree
}

/**
 * Whether the snapshot that undoes a restore has what the restore finds; to be asked in the order of a walk. What it lacks
 * was written after the save that made it, and no later save counts: one in between may be thinned out of the history.
 * Without such a snapshot it is as if it had everything.
 */
export async function whatIsIn(
  manifest: string | undefined,
  options: UndoOptions,
): Promise<(found: SavedEntry | FoundEntry) => Promise<boolean>> {
  if (manifest === undefined) return async () => true
  const { manifest: undo, packBytes } = await fetchManifest(options.controlPlane, manifest)
  const entries = new InStep(entriesOf(undo.segments, { ...options, packBytes }))
  return async (found) => {
    const live = liveEntryOf(found)
    const entry = await entries.find(live)
    return entry !== undefined && hasSameContent(entry, live)
  }
}

async function* entriesOf(
  segments: readonly ChunkRef[],
  { controlPlane, tree, packBytes }: UndoOptions & { packBytes: ReadonlyMap<string, number> },
): AsyncGenerator<SnapshotEntry[]> {
  const known = new Map(tree.segments.map((segment) => [segment.ref.sha256, segment]))
  let others: ChunkRef[] = []
  const fetched = async function* () {
    for await (const { entries } of fetchSome(controlPlane, { segments: others, packBytes })) yield entries
    others = []
  }
  for (const ref of segments) {
    const segment = known.get(ref.sha256)
    if (segment === undefined) {
      others.push(ref)
      continue
    }
    yield* fetched()
    yield tree.read(segment).map(({ entry }) => entry)
  }
  yield* fetched()
}
