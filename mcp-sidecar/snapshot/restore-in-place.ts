import type { RestoreRequest } from '#protocol/adoption.ts'
import { byteStringOf } from '#snapshot/byte-string.ts'
import type { DirectoryEntry, FileEntry, SnapshotEntry } from '#snapshot/entry.ts'
import { compareEntries } from '#snapshot/tree-order.ts'
import type { ControlPlane } from '../control-plane-client.ts'
import { MAX_RESTORE_ATTEMPTS, MAX_RESTORE_ENTRIES } from '../limits.ts'
import { findDifferences } from './differences.ts'
import { fetchManifest, fetchSegments } from './fetch-snapshot.ts'
import type { FetchedSnapshot } from './fetch-snapshot.ts'
import { fillFiles } from './fill-files.ts'
import type { FoundEntry } from './draft.ts'
import { FolderStack } from './folder-stack.ts'
import { isNothing, planRestore } from './plan-restore.ts'
import type { RestorePlan, Selection } from './plan-restore.ts'
import { changing, explain } from './restore-error.ts'
import type { Known, SavedEntry } from './saved-tree.ts'
import { Seen } from './seen.ts'
import { Staging } from './staging.ts'
import { whatIsIn } from './undo.ts'
import { isGone, unlessGone } from './walk.ts'
import { FileWriter } from './write-files.ts'

interface RestoreInPlaceOptions {
  volumeDir: string
  controlPlane: ControlPlane
  /** What the last save knew: files that are as it says are not read. */
  known: Known
  onFile: (doneFiles: number, totalFiles: number) => void
  /** How many entries may be compared (`MAX_RESTORE_ENTRIES`). */
  maxEntries?: number
}

interface Restored {
  /** Files whose content was written. */
  written: number
  /** Entries, folders too, that the snapshot lacks. */
  removed: number
}

/**
 * Makes the live volume, or the selected part of it, what a snapshot says, while programs go on working in it. Only what
 * differs is touched. A file is there whole, old or new, at each moment; folders that are in both stay the ones they
 * are, so shells stand where they stood; nothing is reached through a symlink. What no snapshot holds (caches, sockets)
 * stays. What is written after the restore has looked, or lies not in the snapshot that undoes it, survives: it came last.
 */
export async function restoreInPlace(request: RestoreRequest, options: RestoreInPlaceOptions): Promise<Restored> {
  const { controlPlane, known } = options
  const snapshot = await fetchManifest(controlPlane, request.manifest)
  for (const [pack, bytes] of snapshot.packBytes) known.chunks.addPack(pack, bytes)
  const selection = { root: request.root, paths: request.paths?.map(byteStringOf) }
  const seen = new Seen()
  const isUndoable = await whatIsIn(request.undo, { controlPlane, tree: known.tree })
  const look = async (found: SavedEntry | FoundEntry) => {
    if (await isUndoable(found)) seen.add(found)
  }
  for (let attempt = 1; ; attempt += 1) {
    try {
      // Whatever attempt it takes: what was written since the first look is not replaced.
      const onFound = attempt === 1 ? look : () => undefined
      return await restoreOnce(snapshot, selection, { ...options, packBytes: snapshot.packBytes, seen, onFound })
    } catch (error) {
      // A program moved away what was about to be changed: what there is now is compared anew.
      if (!isGone(error) || attempt === MAX_RESTORE_ATTEMPTS) throw explain(error)
    }
  }
}

type RestoreOnceOptions = RestoreInPlaceOptions & {
  packBytes: ReadonlyMap<string, number>
  seen: Seen
  onFound: (found: SavedEntry | FoundEntry) => Promise<void> | undefined
}

async function* entriesOf(
  snapshot: FetchedSnapshot,
  { controlPlane, known }: RestoreInPlaceOptions,
): AsyncGenerator<SnapshotEntry[]> {
  for await (const { entries } of fetchSegments(controlPlane, snapshot)) {
    // What is restored need not be sent again by the next save.
    for (const entry of entries) if (entry.type === 'file') for (const ref of entry.chunks) known.chunks.add(ref)
    yield entries
  }
}

async function restoreOnce(
  snapshot: FetchedSnapshot,
  selection: Selection,
  options: RestoreOnceOptions,
): Promise<Restored> {
  const { volumeDir, known, onFound, maxEntries = MAX_RESTORE_ENTRIES } = options
  const target = entriesOf(snapshot, options)
  const looked = { volumeDir, tree: known.tree, target, selection, maxEntries, onFound }
  const plan = planRestore(await findDifferences(looked), selection)
  if (isNothing(plan)) return { written: 0, removed: 0 }
  using staging = Staging.open(options.volumeDir)
  using folders = new FolderStack(options.volumeDir)
  try {
    const reopened = openClosed(plan, folders)
    return await carryOut(plan, { ...options, staging, folders, reopened })
  } catch (error) {
    // The next attempt, or the next save, would take them for folders that are open.
    finishFolders(plan.closed.map(modeOnly).sort(compareEntries).reverse(), folders)
    throw error
  }
}

async function carryOut(
  plan: RestorePlan,
  options: RestoreOnceOptions & { staging: Staging; folders: FolderStack; reopened: ModeOnly[] },
): Promise<Restored> {
  const { staging, folders, reopened } = options
  for (const { root, path } of plan.replaced) {
    const { parent, name } = folders.enterParent(root, path)
    if (!(await options.seen.isAllStill({ root, path }, parent))) throw changing()
    staging.take(parent, name)
  }
  for (const { root, path } of plan.newFolders) {
    const { parent, name } = folders.enterParent(root, path)
    parent.mkdir(name)
  }
  const written = await writeContents(plan, options)
  const removed = remove(plan, folders, options.seen)
  // A folder that is closed again must be the last of its branch.
  finishFolders([...plan.folders, ...reopened].sort(compareEntries).reverse(), folders)
  return { written, removed }
}

/** Opens folders to their owner; returns those that nothing else gives their mode back. */
function openClosed({ closed, folders: finished }: RestorePlan, folders: FolderStack): ModeOnly[] {
  for (const { folder, mode } of closed) folders.chmod(folder, mode | 0o700)
  const places = new Set(finished.map(({ root, path }) => `${root}/${path}`))
  return closed.filter(({ folder: { root, path } }) => !places.has(`${root}/${path}`)).map(modeOnly)
}

function modeOnly({ folder: { root, path }, mode }: RestorePlan['closed'][number]): ModeOnly {
  return { root, path, mode }
}

async function writeContents(
  { files, symlinks, dated }: RestorePlan,
  {
    staging,
    folders,
    controlPlane,
    packBytes,
    seen,
    onFile,
  }: Omit<RestoreOnceOptions, 'onFound'> & { staging: Staging; folders: FolderStack },
): Promise<number> {
  let [done, written] = [0, 0]
  const settle = (entry: FileEntry | (typeof symlinks)[number]) => {
    const { parent, name } = folders.enterParent(entry.root, entry.path)
    if (!seen.isStill(entry, parent, name)) return
    staging.settle(entry, parent, name)
    if (entry.type === 'file') written += 1
  }
  const writer = new FileWriter({
    folderOf: (file) => staging.placeOf(file),
    onWritten: (file) => {
      settle(file)
      done += 1
      onFile(done, files.length)
    },
  })
  await fillFiles(files, { controlPlane, packBytes, writer })
  for (const link of symlinks) {
    const { parent, name } = staging.placeOf(link)
    parent.symlink(link.target, name)
    parent.setLinkTime(name, link.mtime)
    settle(link)
  }
  for (const entry of dated) {
    const { parent, name } = folders.enterParent(entry.root, entry.path)
    if (!seen.isStill(entry, parent, name)) continue
    if (entry.type === 'file') parent.chmod(name, entry.mode)
    parent.setLinkTime(name, entry.mtime)
  }
  return written
}

/** Last of all, when all that replaces it is there. A folder into which a program has put something meanwhile stays. */
function remove({ removed }: RestorePlan, folders: FolderStack, seen: Seen): number {
  let count = 0
  for (const entry of removed) {
    const isRemoved = unlessGone(() => {
      const { parent, name } = folders.enterParent(entry.root, entry.path)
      if (entry.type === 'directory') return parent.rmdir(name)
      return seen.isStill(entry, parent, name) && parent.unlink(name)
    })
    if (isRemoved === true) count += 1
  }
  return count
}

type ModeOnly = Pick<DirectoryEntry, 'root' | 'path' | 'mode'>

/** Modes and times, innermost first. */
function finishFolders(finished: (ModeOnly | DirectoryEntry)[], folders: FolderStack): void {
  for (const entry of finished)
    unlessGone(() => {
      const folder = folders.enter(entry.root, entry.path)
      if ('mtime' in entry) folder.setTime(entry.mtime)
      folder.setMode(entry.mode)
    })
}
