import type { ChunkRef, Root, SnapshotEntry } from '#snapshot/entry.ts'
import { displayName } from '#snapshot/byte-string.ts'
import { MAX_SKIPPED_NAMES } from '../limits.ts'
import { identityOf, isUnchanged, keyOf } from './file-index.ts'
import type { FileIdentity, FileIndex } from './file-index.ts'
import { readFileChunks } from './read-file.ts'
import { millisecondsOf } from './times.ts'
import { unlessGone, walkVolume } from './walk.ts'
import type { Found } from './walk.ts'

/** A file's content by the names of its chunks: where those lie is known once they are uploaded. */
interface ScannedFile {
  type: 'file'
  root: Root
  path: string
  mode: number
  mtime: number
  size: number
  chunks: string[]
  identity: FileIdentity | undefined
}
export type ScannedEntry = ScannedFile | Exclude<SnapshotEntry, { type: 'file' }>

export interface Scan {
  entries: ScannedEntry[]
  /** What no snapshot can hold, and why: sockets, fifos, devices, what may not be read. */
  skipped: string[]
  skippedCount: number
}

interface ScanOptions {
  index: FileIndex
  takeChunk: (name: string, bytes: Buffer) => Promise<void>
  onFile: (files: number) => void
}

/** Looks at everything in the volume, and reads what is not surely as the index says. */
export async function scanVolume(volumeDir: string, options: ScanOptions): Promise<Scan> {
  const scan: Scan = { entries: [], skipped: [], skippedCount: 0 }
  let files = 0
  const skip = (found: Found, why: string) => {
    scan.skippedCount += 1
    if (scan.skipped.length < MAX_SKIPPED_NAMES) scan.skipped.push(`${found.root}/${displayName(found.path)} (${why})`)
  }

  await walkVolume(volumeDir, {
    folder: ({ root, path, stats }) =>
      void scan.entries.push({
        type: 'directory',
        root,
        path,
        mode: modeOf(stats),
        mtime: millisecondsOf(stats.mtimeNs),
      }),
    unreadable: (found) => skip(found, 'may not be read'),
    other: (found) => {
      if (found.stats.isSymbolicLink()) {
        const target = unlessGone(() => found.parent.readlink(found.name))
        if (target !== undefined) scan.entries.push(symlinkEntry(found, target))
        return undefined
      }
      if (!found.stats.isFile()) {
        skip(found, kindOf(found))
        return undefined
      }
      files += 1
      options.onFile(files)
      const known = options.index.files.get(keyOf(found))
      if (known !== undefined && isUnchanged(known.identity, found.stats)) {
        scan.entries.push(knownFile(found, known.chunks, known.identity))
        return undefined
      }
      return readInto(scan, found, { takeChunk: options.takeChunk, skip })
    },
  })
  return scan
}

async function readInto(
  scan: Scan,
  found: Found,
  options: { takeChunk: ScanOptions['takeChunk']; skip: (found: Found, why: string) => void },
): Promise<void> {
  try {
    const content = await readFileChunks(found.parent, found.name, options.takeChunk)
    if (content === undefined) return
    scan.entries.push({
      type: 'file',
      root: found.root,
      path: found.path,
      mode: modeOf(content.stats),
      mtime: millisecondsOf(content.stats.mtimeNs),
      size: content.size,
      chunks: content.chunks,
      identity: content.identity,
    })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ELOOP' || code === 'ENXIO') return
    if (code !== 'EACCES' && code !== 'EPERM') throw error
    options.skip(found, 'may not be read')
  }
}

function knownFile(found: Found, chunks: ChunkRef[], identity: FileIdentity): ScannedFile {
  return {
    type: 'file',
    root: found.root,
    path: found.path,
    mode: modeOf(found.stats),
    mtime: millisecondsOf(found.stats.mtimeNs),
    size: Number(found.stats.size),
    chunks: chunks.map((chunk) => chunk.sha256),
    identity: identityOf(found.stats, identity.readAt),
  }
}

function symlinkEntry({ root, path, stats }: Found, target: string): SnapshotEntry & { type: 'symlink' } {
  // The mode of a symlink means nothing and cannot be set on Linux.
  return { type: 'symlink', root, path, mode: 0o777, mtime: millisecondsOf(stats.mtimeNs), target }
}

function modeOf(stats: { mode: bigint }): number {
  return Number(stats.mode) & 0o7777
}

function kindOf({ stats }: Found): string {
  if (stats.isSocket()) return 'socket'
  if (stats.isFIFO()) return 'fifo'
  return 'device'
}
