import { fstatSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ROOTS } from '#snapshot/entry.ts'
import type { SnapshotEntry } from '#snapshot/entry.ts'
import type { ControlPlane } from '../control-plane-client.ts'
import { Directory } from './directory.ts'
import { fetchSnapshot } from './fetch-snapshot.ts'
import { emptyIndex, identityOf, keyOf } from './file-index.ts'
import type { FileIndex } from './file-index.ts'
import { fillFiles } from './fill-files.ts'
import { FolderStack } from './folder-stack.ts'
import { createSlices } from './slice.ts'
import { Staging } from './staging.ts'
import { FileWriter } from './write-files.ts'

interface RestoreOptions {
  volumeDir: string
  controlPlane: ControlPlane
  onFile: (doneFiles: number, totalFiles: number) => void
}

/** Makes the two folders of the volume if they are not there. */
export function makeRoots(volumeDir: string): void {
  for (const root of ROOTS) mkdirSync(join(volumeDir, root), { recursive: true })
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
 * Writes a snapshot into an emptied volume, and returns the index of what it wrote, so that the first save reads
 * nothing. Everything is checked against its hash before it is written.
 */
export async function restoreVolume(manifestName: string, options: RestoreOptions): Promise<FileIndex> {
  const { controlPlane, volumeDir, onFile } = options
  const { manifest, entries, segments } = await fetchSnapshot(controlPlane, manifestName)
  const index: FileIndex = {
    ...emptyIndex(),
    segments,
    packBytes: new Map(manifest.packs.map((pack) => [pack.sha256, pack.bytes])),
  }
  let done = 0
  await makeFolders(volumeDir, entries)
  using folders = new FolderStack(volumeDir)
  const writer = new FileWriter({
    folderOf: (file) => folders.enterParent(file.root, file.path),
    onWritten: (file, fd) => {
      index.files.set(keyOf(file), { identity: identityOf(fstatSync(fd, { bigint: true }), 0), chunks: file.chunks })
      done += 1
      onFile(done, manifest.files)
    },
  })
  await fillFiles(
    entries.filter((entry) => entry.type === 'file'),
    { controlPlane, writer },
  )
  makeSymlinks(volumeDir, entries)
  await finishFolders(volumeDir, entries)
  // Nobody else could write until now, so what is changed later has a later time stamp than this.
  const readAt = Date.now()
  for (const { identity } of index.files.values()) identity.readAt = readAt
  return index
}

async function makeFolders(volumeDir: string, entries: SnapshotEntry[]): Promise<void> {
  using folders = new FolderStack(volumeDir)
  const slice = createSlices()
  for (const entry of entries) {
    if (entry.type !== 'directory' || entry.path === '') continue
    const { parent, name } = folders.enterParent(entry.root, entry.path)
    parent.mkdir(name)
    await slice()
  }
}

function makeSymlinks(volumeDir: string, entries: SnapshotEntry[]): void {
  using folders = new FolderStack(volumeDir)
  for (const entry of entries) {
    if (entry.type !== 'symlink') continue
    const { parent, name } = folders.enterParent(entry.root, entry.path)
    parent.symlink(entry.target, name)
    parent.setLinkTime(name, entry.mtime)
  }
}

/** Modes and times, innermost first: a folder that forbids entry must be the last of its branch. */
async function finishFolders(volumeDir: string, entries: SnapshotEntry[]): Promise<void> {
  using folders = new FolderStack(volumeDir)
  const slice = createSlices()
  for (const entry of entries.toReversed()) {
    if (entry.type !== 'directory') continue
    const folder = folders.enter(entry.root, entry.path)
    folder.setTime(entry.mtime)
    folder.setMode(entry.mode)
    await slice()
  }
}
