import { displayName } from '#snapshot/byte-string.ts'
import type { DirectoryEntry, FileEntry, Root, SnapshotEntry, SymlinkEntry } from '#snapshot/entry.ts'
import { SidecarError } from '../sidecar-error.ts'
import type { FoundEntry } from './draft.ts'
import type { SavedEntry } from './saved-tree.ts'

/** What is there now: a file's content by the names of its chunks. */
export type LiveEntry = (Omit<FileEntry, 'chunks'> & { chunks: readonly string[] }) | Exclude<SnapshotEntry, FileEntry>

export function liveEntryOf(found: SavedEntry | FoundEntry): LiveEntry {
  const { entry } = found
  if (entry.type !== 'file') return entry
  return { ...entry, chunks: 'chunks' in found ? found.chunks : entry.chunks.map((ref) => ref.sha256) }
}

/** What is to be restored: byte strings relative to `root`, each with all that is in it. Neither: everything. */
export interface Selection {
  root?: Root | undefined
  paths?: string[] | undefined
}

/** What has to be done to a live tree to make it as a snapshot says. */
export interface RestorePlan {
  /** Folders that forbid their owner to work in them, outermost first, and their modes. */
  closed: { folder: LiveEntry; mode: number }[]
  /** Folders where the snapshot has something else, and something else where it has folders. */
  replaced: LiveEntry[]
  newFolders: DirectoryEntry[]
  files: FileEntry[]
  symlinks: SymlinkEntry[]
  /** Files and symlinks with the right content, but another mode or time. */
  dated: (FileEntry | SymlinkEntry)[]
  /** What the snapshot lacks, innermost first. */
  removed: LiveEntry[]
  /** Folders whose mode or time is wrong or will be, innermost first. */
  folders: DirectoryEntry[]
}

/** Compares what is there with what shall be. Both lists are in the order of a walk; what is in both and the same may lack, but for folders. */
export function planRestore(
  { live, target }: { live: LiveEntry[]; target: SnapshotEntry[] },
  selection: Selection,
): RestorePlan {
  const isSelected = selects(selection)
  const liveByKey = new Map(live.map((entry) => [keyOf(entry), entry]))
  const targetByKey = new Map(target.map((entry) => [keyOf(entry), entry]))
  const wanted = target.filter((entry) => isSelected(entry) || holdsSelected(entry, selection))

  const replaced = live.filter((entry) => {
    const other = targetByKey.get(keyOf(entry))
    return isSelected(entry) && other !== undefined && isFolder(other) !== isFolder(entry)
  })
  const gone = new Set(replaced.map(keyOf))
  const isThere = (entry: SnapshotEntry) => {
    const there = liveByKey.get(keyOf(entry))
    return there !== undefined && !gone.has(keyOf(entry)) ? there : undefined
  }
  const newFolders = wanted.filter((entry) => isFolder(entry)).filter((entry) => needsFolder(entry, isThere(entry)))
  const files = wanted.filter((entry) => entry.type === 'file').filter((entry) => !hasContent(entry, isThere(entry)))
  const symlinks = wanted
    .filter((entry) => entry.type === 'symlink')
    .filter((entry) => !hasTarget(entry, isThere(entry)))
  const written = new Set([...files, ...symlinks].map(keyOf))
  const dated = wanted
    .filter((entry) => entry.type !== 'directory')
    .filter((entry) => !written.has(keyOf(entry)) && isDifferent(entry, isThere(entry)))
  const removed = live
    .filter((entry) => isSelected(entry) && !targetByKey.has(keyOf(entry)) && !isIn(entry, gone))
    .reverse()

  const touched = new Set([...newFolders, ...files, ...symlinks, ...removed, ...replaced].flatMap(parentKeyOf))
  const made = new Set(newFolders.map(keyOf))
  const folders = wanted
    .filter((entry) => isFolder(entry))
    .filter((entry) =>
      isSelected(entry) ? touched.has(keyOf(entry)) || isDifferent(entry, isThere(entry)) : made.has(keyOf(entry)),
    )
    .reverse()
  const closed = live
    .filter((entry) => isFolder(entry) && (entry.mode & 0o700) !== 0o700)
    .filter((entry) => isSelected(entry) || holdsSelected(entry, selection))
    .map((folder) => ({ folder, mode: folder.mode }))
  return { closed, replaced, newFolders, files, symlinks, dated, removed, folders }
}

export function isNothing(plan: RestorePlan): boolean {
  const { replaced, newFolders, files, symlinks, dated, removed, folders } = plan
  return [replaced, newFolders, files, symlinks, dated, removed, folders].every((list) => list.length === 0)
}

function keyOf({ root, path }: { root: Root; path: string }): string {
  return `${root}/${path}`
}

function selects({ root, paths }: Selection): (entry: { root: Root; path: string }) => boolean {
  if (paths === undefined) return (entry) => root === undefined || entry.root === root
  const chosen = new Set(paths)
  const ownRoot = root ?? 'workspace'
  return (entry) =>
    entry.root === ownRoot && (chosen.has(entry.path) || foldersOf(entry.path).some((at) => chosen.has(at)))
}

/** Whether a restore of the selection can have to do with an entry: it is selected, or lies where a folder that holds such is. */
export function concerns(selection: Selection): (entry: { root: Root; path: string }) => boolean {
  const isSelected = selects(selection)
  return (entry) => isSelected(entry) || isAboveSelected(entry, selection)
}

/** Whether a selected path lies in this folder. */
function holdsSelected(entry: { root: Root; path: string; type: string }, selection: Selection): boolean {
  return entry.type === 'directory' && isAboveSelected(entry, selection)
}

function isAboveSelected(entry: { root: Root; path: string }, { root, paths }: Selection): boolean {
  if (paths === undefined || entry.root !== (root ?? 'workspace')) return false
  return paths.some((path) => entry.path === '' || path.startsWith(`${entry.path}/`))
}

/** Every folder that a path is in, outermost first. */
function foldersOf(path: string): string[] {
  const names = path.split('/')
  return names.slice(1).map((_, at) => names.slice(0, at + 1).join('/'))
}

function isIn(entry: LiveEntry, keys: ReadonlySet<string>): boolean {
  return keys.size > 0 && foldersOf(entry.path).some((path) => keys.has(keyOf({ root: entry.root, path })))
}

function isFolder<T extends { type: string }>(entry: T): entry is Extract<T, { type: 'directory' }> {
  return entry.type === 'directory'
}

function needsFolder(entry: DirectoryEntry, there: LiveEntry | undefined): boolean {
  if (there === undefined) return true
  if (there.type !== 'directory')
    throw new SidecarError(
      'conflict',
      `${displayName(entry.path)} is no folder any more, so nothing was restored into it.`,
      {
        advice: 'Restore the folder itself.',
      },
    )
  return false
}

function hasContent(entry: FileEntry, there: LiveEntry | undefined): boolean {
  return (
    there?.type === 'file' &&
    there.size === entry.size &&
    there.chunks.length === entry.chunks.length &&
    there.chunks.every((name, at) => name === entry.chunks[at]?.sha256)
  )
}

function hasTarget(entry: SymlinkEntry, there: LiveEntry | undefined): boolean {
  return there?.type === 'symlink' && there.target === entry.target
}

/** Whether what is there has the content that an entry says; modes and times are not looked at. */
export function hasSameContent(entry: SnapshotEntry, there: LiveEntry): boolean {
  switch (entry.type) {
    case 'file':
      return hasContent(entry, there)
    case 'symlink':
      return hasTarget(entry, there)
    case 'directory':
      return isFolder(there)
  }
}

/** Whether nothing is to be done to a file or symlink. Of a folder that depends on what is in it. */
export function isAsSaid(there: LiveEntry, entry: SnapshotEntry | undefined): boolean {
  return entry !== undefined && !isFolder(entry) && hasSameContent(entry, there) && !isDifferent(entry, there)
}

function isDifferent(entry: SnapshotEntry, there: LiveEntry | undefined): boolean {
  return there?.mode !== entry.mode || there.mtime !== entry.mtime
}

function parentKeyOf({ root, path }: { root: Root; path: string }): string[] {
  return path === '' ? [] : [keyOf({ root, path: path.slice(0, Math.max(0, path.lastIndexOf('/'))) })]
}
