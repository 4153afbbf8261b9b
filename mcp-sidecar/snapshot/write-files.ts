import { closeSync, fchmodSync, fstatSync, ftruncateSync, writeSync } from 'node:fs'
import type { FileEntry } from '#snapshot/entry.ts'
import type { Directory } from './directory.ts'
import { identityOf } from './file-index.ts'
import type { FileIdentity } from './file-index.ts'
import { FolderStack } from './folder-stack.ts'
import { setTimes } from './times.ts'

/** A piece of content and where in which file it goes. */
export interface FilePiece {
  file: FileEntry
  at: number
  bytes: Buffer
  /** All zeros: nothing is written, so that sparse files stay sparse. */
  isHole: boolean
}

/** Writes files piece by piece, in any order. A file gets its size, mode and time with its last piece. */
export class FileWriter implements Disposable {
  readonly #folders: FolderStack
  readonly #missing = new Map<FileEntry, number>()
  readonly #onDone: (file: FileEntry, identity: FileIdentity) => void

  constructor(volumeDir: string, onDone: (file: FileEntry, identity: FileIdentity) => void) {
    this.#folders = new FolderStack(volumeDir)
    this.#onDone = onDone
  }

  /** A file without content. */
  writeEmpty(file: FileEntry): void {
    const { parent, name } = this.#folders.enterParent(file.root, file.path)
    this.#finish(file, parent.createFile(name))
  }

  write({ file, at, bytes, isHole }: FilePiece): void {
    const { parent, name } = this.#folders.enterParent(file.root, file.path)
    const fd = this.#openFor(file, parent, name)
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

  [Symbol.dispose](): void {
    this.#folders[Symbol.dispose]()
  }

  #openFor(file: FileEntry, parent: Directory, name: string): number {
    return this.#missing.has(file) ? parent.reopenFile(name) : parent.createFile(name)
  }

  #finish(file: FileEntry, fd: number): void {
    try {
      if (file.size > 0) ftruncateSync(fd, file.size)
      fchmodSync(fd, file.mode)
      setTimes(fd, file.mtime)
      this.#onDone(file, identityOf(fstatSync(fd, { bigint: true }), Date.now()))
    } finally {
      closeSync(fd)
    }
  }
}

function writeFully(fd: number, bytes: Buffer, at: number): void {
  let written = 0
  while (written < bytes.length) written += writeSync(fd, bytes, written, bytes.length - written, at + written)
}
