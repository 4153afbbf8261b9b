import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ROOTS } from '#snapshot/entry.ts'
import type { ChunkRef, FileEntry, SnapshotEntry } from '#snapshot/entry.ts'
import { chunkIn, openFrame } from '#snapshot/pack.ts'
import type { ControlPlane } from '../control-plane-client.ts'
import { MAX_TRANSFERS } from '../limits.ts'
import { Directory } from './directory.ts'
import { fetchPack, fetchSnapshot, frameIn } from './fetch-snapshot.ts'
import { emptyIndex, keyOf } from './file-index.ts'
import type { FileIndex } from './file-index.ts'
import { FolderStack } from './folder-stack.ts'
import { createSlices } from './slice.ts'
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
  using writer = new FileWriter(volumeDir, (file, identity) => {
    index.files.set(keyOf(file), { identity, chunks: file.chunks })
    done += 1
    onFile(done, manifest.files)
  })

  await makeFolders(volumeDir, entries)
  for (const entry of entries) if (entry.type === 'file' && entry.chunks.length === 0) writer.writeEmpty(entry)
  await fillFiles(entries, { controlPlane, writer })
  makeSymlinks(volumeDir, entries)
  await finishFolders(volumeDir, entries)
  // Nobody else could write until now, so what is changed later has a later time stamp than this.
  const readAt = Date.now()
  for (const { identity } of index.files.values()) identity.readAt = readAt
  return index
}

/** A chunk and every place it goes to. */
interface WantedChunk {
  ref: ChunkRef
  places: { file: FileEntry; at: number }[]
}

/** Pack by pack, a few at a time, so that memory holds only those. */
async function fillFiles(
  entries: SnapshotEntry[],
  { controlPlane, writer }: { controlPlane: ControlPlane; writer: FileWriter },
): Promise<void> {
  const packs = wantedByPack(entries).entries()
  const slice = createSlices()
  const failures: unknown[] = []
  const work = async () => {
    for (const [pack, frames] of packs) {
      if (failures.length > 0) return
      const bytes = await fetchPack(controlPlane, pack)
      for (const wanted of frames.values()) {
        const [first] = wanted
        if (first === undefined) continue
        const frame = await openFrame(pack, frameIn(bytes, first.ref))
        for (const { ref, places } of wanted) {
          const chunk = chunkIn(frame, ref)
          const isHole = chunk.every((byte) => byte === 0)
          for (const { file, at } of places) {
            writer.write({ file, at, bytes: chunk, isHole })
            await slice()
          }
        }
      }
    }
  }
  // All of them end before this does: nobody may go on writing into a volume that is emptied for another attempt.
  await Promise.all(Array.from({ length: MAX_TRANSFERS }, () => work().catch((error) => failures.push(error))))
  if (failures.length > 0) throw failures[0]
}

/** Pack → frame → chunks, in the order in which the entries first want them. */
function wantedByPack(entries: SnapshotEntry[]): Map<string, Map<string, WantedChunk[]>> {
  const packs = new Map<string, Map<string, WantedChunk[]>>()
  const chunks = new Map<string, WantedChunk>()
  for (const file of entries) {
    if (file.type !== 'file') continue
    let at = 0
    for (const ref of file.chunks) {
      const place = { file, at }
      at += ref.bytes
      const key = `${ref.sha256} ${ref.pack} ${ref.frameStart} ${ref.offset}`
      const known = chunks.get(key)
      if (known !== undefined) {
        known.places.push(place)
        continue
      }
      const wanted = { ref, places: [place] }
      chunks.set(key, wanted)
      const frames = getOrInsert(packs, ref.pack, () => new Map<string, WantedChunk[]>())
      getOrInsert(frames, `${ref.frameStart} ${ref.frameBytes}`, (): WantedChunk[] => []).push(wanted)
    }
  }
  return packs
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

function getOrInsert<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
