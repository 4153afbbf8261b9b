import type { SnapshotEntry } from '#snapshot/entry.ts'
import type { ControlPlane } from '../control-plane-client.ts'
import type { FoundEntry } from './draft.ts'
import { fetchManifest, fetchSegments } from './fetch-snapshot.ts'
import { hasSameContent, liveEntryOf } from './plan-restore.ts'
import type { SavedEntry, SavedTree } from './saved-tree.ts'

interface UndoOptions {
  controlPlane: ControlPlane
  /** What the last save knew: mostly the snapshot asked for, so that nothing is fetched. */
  tree: SavedTree
}

/**
 * Whether the snapshot that undoes a restore has what the restore finds. What it lacks was written after the save that
 * made it, and no later save counts: one in between may be thinned out of the history. Without such a snapshot it is as if
 * it had everything.
 */
export async function whatIsIn(
  manifest: string | undefined,
  { controlPlane, tree }: UndoOptions,
): Promise<(found: SavedEntry | FoundEntry) => boolean> {
  if (manifest === undefined) return () => true
  const entries = new Map<string, SnapshotEntry>()
  const take = (entry: SnapshotEntry) => void entries.set(`${entry.root}/${entry.path}`, entry)
  const snapshot = await fetchManifest(controlPlane, manifest)
  const { segments } = snapshot.manifest
  const known = new Map(tree.segments.map((segment) => [segment.ref.sha256, segment]))
  for (const { sha256 } of segments) {
    const segment = known.get(sha256)
    if (segment !== undefined) for (const { entry } of tree.read(segment)) take(entry)
  }
  const others = { ...snapshot.manifest, segments: segments.filter(({ sha256 }) => !known.has(sha256)) }
  for await (const segment of fetchSegments(controlPlane, { ...snapshot, manifest: others }))
    for (const entry of segment.entries) take(entry)
  return (found) => {
    const live = liveEntryOf(found)
    const entry = entries.get(`${live.root}/${live.path}`)
    return entry !== undefined && hasSameContent(entry, live)
  }
}
