import { byteStringOf } from '#snapshot/byte-string.ts'
import { isInCache } from '#snapshot/caches.ts'
import { compareEntries } from '#snapshot/tree-order.ts'
import { MAX_HINTS, MAX_PATCHED_ENTRIES } from '../limits.ts'
import type { LeftFolder } from './closed-folders.ts'
import type { Draft, FoundEntry } from './draft.ts'
import { FolderStack } from './folder-stack.ts'
import type { TakeChunk } from './read-file.ts'
import type { Place, SavedEntry, SavedSegment, SavedTree } from './saved-tree.ts'
import { Scanner } from './scanner.ts'
import { TreeCursor } from './tree-cursor.ts'
import { isGone, walkFrom } from './walk.ts'

/** What now stands in the place of an entry of the last snapshot and, if `isTree`, of all that was below it. */
interface Patch extends Place {
  isTree: boolean
  entries: (SavedEntry | FoundEntry)[]
}

interface LookOptions {
  volumeDir: string
  tree: SavedTree
  takeChunk: TakeChunk
  onClosedAgain: (left: LeftFolder) => void
}

/**
 * Looks only at what is said to have changed (paths relative to the volume, as text), and at the folders it is in.
 * `undefined`: that is so much or so vague that everything has to be looked at.
 */
export async function lookAtHints(hints: ReadonlySet<string>, options: LookOptions): Promise<Patch[] | undefined> {
  if (hints.size > MAX_HINTS) return undefined
  const places = placesOf(hints)
  if (places === undefined) return undefined
  const patches: Patch[] = []
  using folders = new FolderStack(options.volumeDir)
  const cursor = new TreeCursor(options.tree)
  let entries: Patch['entries'] = []
  let count = 0
  const scanner = new Scanner({
    tree: options.tree,
    takeChunk: options.takeChunk,
    onClosedAgain: options.onClosedAgain,
    onEntry: (entry) => {
      entries.push(entry)
      count += 1
      if (count > MAX_PATCHED_ENTRIES) throw new TooMuch()
      return undefined
    },
  })
  try {
    for (const place of places) {
      if (patches.some((patch) => covers(patch, place))) continue
      const top = topOfChange(place, folders, cursor)
      if (top === undefined) return undefined
      entries = []
      const parent = folders.enterParent(top.root, top.path).parent
      await walkFrom(parent, top, scanner)
      patches.push({ ...top, isTree: true, entries })
      const above = { root: top.root, path: parentOf(top.path) }
      entries = []
      // Its time is another one, if something came to be in it or went.
      await scanner.folder({ ...above, stats: parent.ownStat(), folder: parent })
      patches.push({ ...above, isTree: false, entries })
    }
  } catch (error) {
    if (error instanceof TooMuch || isGone(error) || isForbidden(error)) return undefined
    throw error
  }
  return withoutCovered(patches)
}

class TooMuch extends Error {}

/** A folder that its owner closed to himself: looking at everything opens such for a moment. */
function isForbidden(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EACCES'
}

/** The last snapshot, with the patches in it, as a new one. */
export async function applyPatches(tree: SavedTree, patches: Patch[], draft: Draft): Promise<void> {
  let next = 0
  const pushPatchesUpTo = async (place: Place | undefined) => {
    for (let patch = patches[next]; patch !== undefined; patch = patches[next]) {
      if (place !== undefined && compareEntries(patch, place) > 0) return
      for (const entry of patch.entries) await draft.push(entry)
      next += 1
    }
  }
  for (const [number, segment] of tree.segments.entries()) {
    const end = tree.segments[number + 1]?.first
    if (draft.isBetweenSegments && !isTouched(segment, end, { patches, next })) {
      await draft.keep(segment)
      continue
    }
    for (const saved of tree.read(segment)) {
      await pushPatchesUpTo(saved.entry)
      const last = patches[next - 1]
      if (last === undefined || !covers(last, saved.entry)) await draft.push(saved)
    }
  }
  await pushPatchesUpTo(undefined)
}

/** Whether a patch falls into the range of a segment: one to come, or the one before, which may reach into it. */
function isTouched(
  segment: SavedSegment,
  end: Place | undefined,
  { patches, next }: { patches: Patch[]; next: number },
): boolean {
  const last = patches[next - 1]
  const coming = patches[next]
  if (last?.isTree === true && covers(last, segment.first)) return true
  return coming !== undefined && (end === undefined || compareEntries(coming, end) < 0)
}

/** In order; `undefined`: everything. */
function placesOf(hints: ReadonlySet<string>): Place[] | undefined {
  const places: Place[] = []
  for (const hint of hints) {
    if (isInCache(hint)) continue
    const [root, ...names] = hint.split('/')
    if ((root !== 'workspace' && root !== 'home') || names.length === 0) return undefined
    // Git says nothing of its objects, but changes something beside them.
    const git = names.indexOf('.git')
    // A name that is not UTF-8 comes mangled: its folder is looked at.
    const odd = names.findIndex((name) => name.includes('\uFFFD'))
    const length = git !== -1 ? git + 1 : odd !== -1 ? odd : names.length
    if (length === 0) return undefined
    places.push({ root, path: byteStringOf(names.slice(0, length).join('/')) })
  }
  return places.sort(compareEntries)
}

/**
 * The outermost part of a path that is something else than it was (there or not there, a folder or none): what is below
 * it is all new or all gone. `undefined`: a root is gone.
 */
function topOfChange({ root, path }: Place, folders: FolderStack, cursor: TreeCursor): Place | undefined {
  const names = path.split('/')
  for (let length = 1; length < names.length; length += 1) {
    const place = { root, path: names.slice(0, length).join('/') }
    const { parent, name } = folders.enterParent(root, place.path)
    const isFolder = parent.find(name)?.isDirectory() === true
    if (!isFolder || cursor.find(place)?.entry.type !== 'directory') return place
  }
  return { root, path }
}

function covers(patch: Patch, place: Place): boolean {
  if (patch.root !== place.root) return false
  return patch.path === place.path || (patch.isTree && (patch.path === '' || place.path.startsWith(`${patch.path}/`)))
}

/** Sorted; of two that say something of the same place, the one that says more. */
function withoutCovered(patches: Patch[]): Patch[] {
  const sorted = patches.sort((a, b) => compareEntries(a, b) || Number(b.isTree) - Number(a.isTree))
  const kept: Patch[] = []
  let tree: Patch | undefined
  for (const patch of sorted) {
    const last = kept.at(-1)
    if ((tree !== undefined && covers(tree, patch)) || (last !== undefined && compareEntries(last, patch) === 0))
      continue
    kept.push(patch)
    if (patch.isTree) tree = patch
  }
  return kept
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}
