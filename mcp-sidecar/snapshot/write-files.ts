import { closeSync, fchmodSync, ftruncateSync, writeSync } from 'node:fs'
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
  /** A file is whole, has its mode and time, and is still open. */
  onWritten(file: FileEntry, fd: number): void
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
    this.#finish(file, parent.createFile(name))
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
    return this.#missing.has(file) ? parent.reopenFile(name) : parent.createFile(name)
  }

  #finish(file: FileEntry, fd: number): void {
    try {
      if (file.size > 0) ftruncateSync(fd, file.size)
      fchmodSync(fd, file.mode)
      setTimes(fd, file.mtime)
      this.#options.onWritten(file, fd)
    } finally {
      closeSync(fd)
    }
  }
}

function writeFully(fd: number, bytes: Buffer, at: number): void {
  let written = 0
  while (written < bytes.length) written += writeSync(fd, bytes, written, bytes.length - written, at + written)
}
