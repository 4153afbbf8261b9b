import { closeSync, fchmodSync, fstatSync, ftruncateSync, writeSync } from 'node:fs'
import type { Stats } from 'node:fs'
import type { FileEntry } from '#snapshot/entry.ts'
import type { Directory } from './directory.ts'
import { setTimes } from './times.ts'

/** A piece of content and where in which file it goes. */
export interface FilePiece {
  file: FileEntry
  at: number
  bytes: Buffer
  /** All zeros: nothing is written, so that sparse files stay sparse. */
  isHole: boolean
}

export interface WriterOptions {
  /** The open folder and the name there that a file is written to; the same at each call. */
  folderOf(file: FileEntry): { parent: Directory; name: string }
  /** A file is whole, has its mode and time, and is still open: what it is now. */
  onWritten(file: FileEntry, stats: Stats): void
}

/** Writes files piece by piece, in any order. A file gets its size, mode and time with its last piece. */
export class FileWriter {
  readonly #options: WriterOptions
  readonly #missing = new Map<FileEntry, number>()

  constructor(options: WriterOptions) {
    this.#options = options
  }

  /** A file without content. */
  writeEmpty(file: FileEntry): void {
    const { parent, name } = this.#options.folderOf(file)
    this.#finish(file, parent.createFile(name, creationMode(file)))
  }

  write({ file, at, bytes, isHole }: FilePiece): void {
    const fd = this.#openFor(file)
    let isOpen = true
    try {
      if (!isHole) writeFully(fd, bytes, at)
      const missing = (this.#missing.get(file) ?? file.chunks.length) - 1
      this.#missing.set(file, missing)
      if (missing > 0) return
      isOpen = false
      this.#missing.delete(file)
      this.#finish(file, fd)
    } finally {
      if (isOpen) closeSync(fd)
    }
  }

  #openFor(file: FileEntry): number {
    const { parent, name } = this.#options.folderOf(file)
    return this.#missing.has(file) ? parent.reopenFile(name) : parent.createFile(name, creationMode(file))
  }

  #finish(file: FileEntry, fd: number): void {
    try {
      setTimes(fd, file.mtime)
      let stats = fstatSync(fd)
      // Most are as they shall be by now: to set it all the same takes longer than to look.
      const isShort = stats.size !== file.size
      const hasOtherMode = (stats.mode & 0o7777) !== file.mode
      if (isShort || hasOtherMode) {
        if (isShort) ftruncateSync(fd, file.size)
        if (hasOtherMode) fchmodSync(fd, file.mode)
        setTimes(fd, file.mtime)
        stats = fstatSync(fd)
      }
      this.#options.onWritten(file, stats)
    } finally {
      closeSync(fd)
    }
  }
}

/** Writable by its owner, for whoever opens it again, and nothing that a look at it afterwards could not see. */
function creationMode({ mode }: FileEntry): number {
  return (mode & 0o777) | 0o200
}

function writeFully(fd: number, bytes: Buffer, at: number): void {
  let written = 0
  while (written < bytes.length) written += writeSync(fd, bytes, written, bytes.length - written, at + written)
}
