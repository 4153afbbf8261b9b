import { displayName } from '#snapshot/byte-string.ts'
import type { SnapshotEntry } from '#snapshot/entry.ts'
import { SidecarError } from '../sidecar-error.ts'
import type { FoundEntry } from './draft.ts'
import { InStep } from './in-step.ts'
import { concerns, isAsSaid, liveEntryOf } from './plan-restore.ts'
import type { LiveEntry, Selection } from './plan-restore.ts'
import type { SavedEntry, SavedTree } from './saved-tree.ts'
import { Scanner } from './scanner.ts'
import { walkVolume } from './walk.ts'

interface DifferencesOptions {
  volumeDir: string
  /** What the last save knew: files that are as it says are not read. */
  tree: SavedTree
  /** The segments of the snapshot to be restored. */
  target: AsyncIterable<readonly SnapshotEntry[]>
  selection: Selection
  /** How much there may be in the lists, counted as for `MAX_RESTORE_ENTRIES`. */
  maxEntries: number
  /** Called, in order, with what is there and not as it shall be, and with folders. */
  onFound: (found: SavedEntry | FoundEntry) => Promise<void> | undefined
}

/**
 * Looks at what is there beside what shall be, and keeps of both, in the order of a walk, what is selected and not the
 * same, and all folders: the memory that a restore takes is that of what it changes, not of the workspace.
 */
export async function findDifferences({
  volumeDir,
  tree,
  selection,
  maxEntries,
  onFound,
  ...options
}: DifferencesOptions): Promise<{ live: LiveEntry[]; target: SnapshotEntry[] }> {
  const live: LiveEntry[] = []
  const target: SnapshotEntry[] = []
  const { root = 'workspace', paths = [] } = selection
  const missing = new Set(paths)
  const isConcerned = concerns(selection)
  const meet = (entry: LiveEntry | SnapshotEntry) => void (entry.root === root && missing.delete(entry.path))
  let kept = 0
  const keep = <T extends LiveEntry | SnapshotEntry>(list: T[], entry: T) => {
    list.push(entry)
    kept += entry.type === 'file' ? Math.max(1, entry.chunks.length) : 1
    if (kept > maxEntries) throw tooMany()
  }
  const snapshot = new InStep(options.target, (wanted) => {
    meet(wanted)
    if (isConcerned(wanted)) keep(target, wanted)
  })
  const scanner = new Scanner({
    tree,
    takeChunk: () => undefined,
    onEntry: async (found) => {
      const there = liveEntryOf(found)
      const wanted = await snapshot.find(there)
      meet(there)
      if (!isConcerned(there) || isAsSaid(there, wanted)) return
      keep(live, there)
      if (wanted !== undefined) keep(target, wanted)
      await onFound(found)
    },
  })
  await walkVolume(volumeDir, scanner)
  await snapshot.finish()
  for (const path of missing)
    throw new SidecarError('not_found', `${displayName(path)} is neither in this snapshot nor in the repl.`)
  return { live, target }
}

function tooMany(): SidecarError {
  return new SidecarError(
    'too_large',
    'This restore changes more files than can be compared while the repl runs, so nothing was restored.',
    { advice: 'Stop the repl, then restore: that needs no memory. Or restore a folder at a time.' },
  )
}
