import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ROOTS } from '#snapshot/entry.ts'
import type { DirectoryEntry, FileEntry, SnapshotEntry } from '#snapshot/entry.ts'
import type { ControlPlane } from '../control-plane-client.ts'
import { MAPPED_WRITE_WINDOW_MS, RESTORE_BATCH_FILES } from '../limits.ts'
import { Directory } from './directory.ts'
import { describeSegment } from './draft.ts'
import { fetchManifest, fetchSegments } from './fetch-snapshot.ts'
import type { FetchedSegment } from './fetch-snapshot.ts'
import { identityOf } from './file-identity.ts'
import type { FileIdentity } from './file-identity.ts'
import { fillFiles } from './fill-files.ts'
import { FolderStack } from './folder-stack.ts'
import { writeSegment, writeTree } from './saved-tree.ts'
import type { SavedSegment } from './saved-tree.ts'
import { createSlices } from './slice.ts'
import { Staging } from './staging.ts'
import { FileWriter } from './write-files.ts'

interface RestoreOptions {
  volumeDir: string
  stateDir: string
  controlPlane: ControlPlane
  onFile: (doneFiles: number, totalFiles: number) => void
}

/** Makes the two folders of the volume if they are not there, and opens those that are closed to their owner: no shell starts in such. */
export function makeRoots(volumeDir: string): void {
  for (const root of ROOTS) mkdirSync(join(volumeDir, root), { recursive: true })
  using volume = Directory.openAt(volumeDir)
  for (const root of ROOTS) {
    const mode = volume.stat(root).mode & 0o7777
    if ((mode & 0o700) !== 0o700) volume.chmod(root, mode | 0o700)
  }
}

/** Removes all that is in the two folders of the volume. */
export function emptyVolume(volumeDir: string): void {
  makeRoots(volumeDir)
  Staging.clear(volumeDir)
  for (const root of ROOTS) {
    using folder = Directory.openAt(join(volumeDir, root))
    folder.empty()
  }
}

/**
 * Writes a snapshot into an emptied volume, and keeps what it wrote as what the last save knew, so that the first save
 * reads nothing. Everything is checked against its hash before it is written. Nothing is forced to the disk: the store
 * has it all, a restore that a crash of the machine undoes is done again, and half of one is never taken for a whole
 * (`adoption-marker.ts`).
 */
export async function restoreVolume(manifestName: string, options: RestoreOptions): Promise<void> {
  const { controlPlane, stateDir } = options
  const snapshot = await fetchManifest(controlPlane, manifestName)
  const { packBytes, manifest } = snapshot
  const segments: SavedSegment[] = []
  const folders: DirectoryEntry[] = []
  let done = 0
  const onProgress = () => options.onFile(done, manifest.files)
  const onWritten = () => {
    done += 1
    onProgress()
  }
  let batch: FetchedSegment[] = []
  const writeBatch = async () => {
    const identities = await writeEntries(batch, { ...options, packBytes, folders, onWritten, onProgress })
    for (const segment of batch) {
      const { ref, bytes, entries } = segment
      const known = entries.map((entry) => identities.get(entry))
      writeSegment(stateDir, { name: ref.sha256, bytes }, known)
      segments.push({ ...describeSegment(entries), ref })
    }
    batch = []
  }
  for await (const segment of fetchSegments(controlPlane, snapshot)) {
    batch.push(segment)
    if (batch.reduce((sum, { entries }) => sum + entries.length, 0) >= RESTORE_BATCH_FILES) await writeBatch()
  }
  await writeBatch()
  await finishFolders(options.volumeDir, folders)
  await writeTree(stateDir, segments, (pack) => packBytes.get(pack))
}

interface WriteOptions extends RestoreOptions {
  packBytes: ReadonlyMap<string, number>
  /** Gets the folders that were made: they get their modes and times last of all. */
  folders: DirectoryEntry[]
  onWritten: () => void
  /** Called while a large file is written, too. */
  onProgress: () => void
}

/** Writes a run of entries, whose folders come before what is in them. */
async function writeEntries(batch: FetchedSegment[], options: WriteOptions): Promise<Map<SnapshotEntry, FileIdentity>> {
  const identities = new Map<SnapshotEntry, FileIdentity>()
  const files: FileEntry[] = []
  using folders = new FolderStack(options.volumeDir)
  const slice = createSlices()
  for (const { entries } of batch)
    for (const entry of entries) {
      await slice()
      if (entry.type === 'file') files.push(entry)
      if (entry.type === 'directory') options.folders.push(entry)
      if (entry.type === 'file' || entry.path === '') continue
      const { parent, name } = folders.enterParent(entry.root, entry.path)
      if (entry.type === 'directory') parent.mkdir(name)
      else {
        parent.symlink(entry.target, name)
        parent.setLinkTime(name, entry.mtime)
      }
    }
  const writer = new FileWriter({
    folderOf: (file) => folders.enterParent(file.root, file.path),
    onWritten: (file, stats) => {
      // Nobody else can write before the runner is opened, so what is changed later has a later time stamp.
      identities.set(file, identityOf(stats, stats.ctimeMs + MAPPED_WRITE_WINDOW_MS + 1))
      options.onWritten()
    },
  })
  const { controlPlane, packBytes } = options
  await fillFiles(files, { controlPlane, packBytes, writer, onProgress: options.onProgress })
  return identities
}

/** Modes and times, innermost first: a folder that forbids entry must be the last of its branch. */
async function finishFolders(volumeDir: string, made: DirectoryEntry[]): Promise<void> {
  using folders = new FolderStack(volumeDir)
  const slice = createSlices()
  for (const entry of made.reverse()) {
    const folder = folders.enter(entry.root, entry.path)
    folder.setTime(entry.mtime)
    folder.setMode(entry.mode)
    await slice()
  }
}
