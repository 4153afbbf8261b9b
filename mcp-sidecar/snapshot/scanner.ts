import type { BigIntStats } from 'node:fs'
import { displayName } from '#snapshot/byte-string.ts'
import type { FileEntry, Root, SnapshotEntry } from '#snapshot/entry.ts'
import { CHUNK_BYTES, MAX_FILE_CHUNKS } from '#snapshot/limits.ts'
import { MAX_SKIPPED_NAMES } from '../limits.ts'
import type { LeftFolder } from './closed-folders.ts'
import type { FoundEntry } from './draft.ts'
import { isUnchanged } from './file-identity.ts'
import { FileReader } from './read-file.ts'
import type { TakeChunk } from './read-file.ts'
import type { SavedEntry, SavedTree } from './saved-tree.ts'
import { wholeMilliseconds } from './times.ts'
import { TreeCursor } from './tree-cursor.ts'
import { unlessGone } from './walk.ts'
import type { Found, FoundFolder, Visitor } from './walk.ts'

interface ScanOptions {
  /** What the last save knew: what is surely as it was is not read. */
  tree: SavedTree
  takeChunk: TakeChunk
  /** How long after its last change a file must have been read to be trusted, in milliseconds; else a clock's tick. */
  windowMs?: number
  /** What it returns, if anything, is awaited. */
  onEntry: (entry: SavedEntry | FoundEntry) => Promise<void> | undefined
  onFile?: (files: number) => void
  onClosedAgain?: (left: LeftFolder) => void
}

/** Looks at what a walk comes by, and reads the files that are not surely as they were. */
export class Scanner implements Visitor {
  readonly #options: ScanOptions
  readonly #cursor: TreeCursor
  readonly #reader: FileReader
  readonly #skipped: string[] = []
  readonly #unsaved: string[] = []
  #skippedCount = 0
  #files = 0

  constructor(options: ScanOptions) {
    this.#options = options
    this.#cursor = new TreeCursor(options.tree)
    this.#reader = new FileReader(options.takeChunk)
  }

  /** What no snapshot can hold, and why: sockets, fifos, devices, what may not be read. */
  get skipped(): string[] {
    const more = this.#skippedCount - this.#skipped.length
    return more === 0 ? this.#skipped : [...this.#skipped, `and ${more} more`]
  }

  /** Of that, what holds content: files that are too large, files and folders that may not be read. */
  get unsaved(): string[] {
    return this.#unsaved
  }

  folder({ root, path, stats, folder }: FoundFolder): Promise<void> | undefined {
    const saved = this.#cursor.find({ root, path })
    const mtime = wholeMilliseconds(stats, () => folder.ownStatExactly())
    const mode = stats.mode & 0o7777
    const isSame = saved?.entry.type === 'directory' && saved.entry.mode === mode && saved.entry.mtime === mtime
    return this.#options.onEntry(isSame ? saved : found({ type: 'directory', root, path, mode, mtime }))
  }

  closedAgain({ root, path }: { root: Root; path: string }, stats: BigIntStats): void {
    this.#options.onClosedAgain?.({ root, path, stats })
  }

  unreadable(found: Found): void {
    this.#skipContent(found, 'may not be read')
  }

  other(found: Found): Promise<void> | undefined {
    if (found.stats.isFile()) return this.#file(found)
    if (found.stats.isSymbolicLink()) return this.#symlink(found)
    this.#skip(found, kindOf(found))
    return undefined
  }

  #file(found: Found): Promise<void> | undefined {
    this.#files += 1
    this.#options.onFile?.(this.#files)
    if (found.stats.size > MAX_FILE_CHUNKS * CHUNK_BYTES) {
      this.#skipContent(found, 'too large to be saved')
      return undefined
    }
    const saved = this.#cursor.find(found)
    if (saved?.identity !== undefined && isUnchanged(saved.identity, found.stats, this.#options.windowMs))
      return this.#options.onEntry(saved)
    return this.#read(found)
  }

  async #read({ root, path, name, parent, stats }: Found): Promise<void> {
    try {
      const content = await this.#reader.read(parent, name)
      if (content === undefined) return
      const { mode, mtime, size, chunks, identity } = content
      const entry: FileEntry = { type: 'file', root, path, mode, mtime, size, chunks: [] }
      await this.#options.onEntry({ entry, chunks, identity })
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (code === 'ENOENT' || code === 'ELOOP' || code === 'ENXIO') return
      if (code !== 'EACCES' && code !== 'EPERM') throw error
      this.#skipContent({ root, path, name, parent, stats }, 'may not be read')
    }
  }

  #symlink({ root, path, name, parent, stats }: Found): Promise<void> | undefined {
    const target = unlessGone(() => parent.readlink(name))
    if (target === undefined) return undefined
    const saved = this.#cursor.find({ root, path })
    const mtime = wholeMilliseconds(stats, () => parent.statExactly(name))
    if (saved?.entry.type === 'symlink' && saved.entry.target === target && saved.entry.mtime === mtime)
      return this.#options.onEntry(saved)
    // The mode of a symlink means nothing and cannot be set on Linux.
    return this.#options.onEntry(found({ type: 'symlink', root, path, mode: 0o777, mtime, target }))
  }

  #skipContent(found: Found, why: string): void {
    this.#skip(found, why)
    if (this.#unsaved.length < MAX_SKIPPED_NAMES) this.#unsaved.push(nameWith(found, why))
  }

  #skip(found: Found, why: string): void {
    this.#skippedCount += 1
    if (this.#skipped.length < MAX_SKIPPED_NAMES) this.#skipped.push(nameWith(found, why))
  }
}

function nameWith({ root, path }: Found, why: string): string {
  return `${root}/${displayName(path)} (${why})`
}

function found(entry: Exclude<SnapshotEntry, FileEntry>): FoundEntry {
  return { entry, chunks: [], identity: undefined }
}

function kindOf({ stats }: Found): string {
  if (stats.isSocket()) return 'socket'
  if (stats.isFIFO()) return 'fifo'
  return 'device'
}
