import { closeSync, fchmodSync, fstatSync, readSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { sha256 } from '#snapshot/hash.ts'
import { CHUNK_BYTES } from '#snapshot/limits.ts'
import { MAX_READ_ATTEMPTS } from '../limits.ts'
import type { Directory } from './directory.ts'
import { identityOf } from './file-identity.ts'
import type { FileIdentity } from './file-identity.ts'
import { createSlices } from './slice.ts'
import { wholeMilliseconds } from './times.ts'

export interface FileContent {
  mode: number
  /** Whole milliseconds since the epoch. */
  mtime: number
  /** Bytes that were read: the size of the entry. */
  size: number
  /** Names of the chunks, in order. */
  chunks: string[]
  /** Absent if the file went on changing: the next save must read it again. */
  identity: FileIdentity | undefined
}

/** Takes a chunk, of which it must make a copy if it keeps it; what it returns is awaited. */
export type TakeChunk = (name: string, bytes: Buffer) => Promise<void> | undefined

/** Reads files in chunks, one file at a time, all through one buffer. */
export class FileReader {
  readonly #buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  readonly #take: TakeChunk

  constructor(take: TakeChunk) {
    this.#take = take
  }

  /**
   * Hands a file's chunks on. One that changes meanwhile is read again; one that never holds still (a log) is taken as
   * it was read last. `undefined`: it is no regular file any more.
   */
  async read(parent: Directory, name: string): Promise<FileContent | undefined> {
    for (let attempt = 1; ; attempt += 1) {
      const content = await this.#readOnce(parent, name)
      if (content === undefined || content.identity !== undefined || attempt === MAX_READ_ATTEMPTS) return content
    }
  }

  async #readOnce(parent: Directory, name: string): Promise<FileContent | undefined> {
    const fd = openReadable(parent, name)
    try {
      const readAt = Date.now()
      const before = fstatSync(fd)
      if (!before.isFile()) return undefined
      const chunks: string[] = []
      const slice = createSlices()
      let size = 0
      // Not beyond the size it had: somebody may append faster than this reads.
      while (size < before.size) {
        const bytes = readChunk(fd, this.#buffer.subarray(0, Math.min(CHUNK_BYTES, before.size - size)))
        if (bytes.length === 0) break
        const chunk = sha256(bytes)
        chunks.push(chunk)
        size += bytes.length
        // What is known already is taken at once: a large file of that must not keep everybody else waiting.
        const wait = this.#take(chunk, bytes) ?? slice()
        if (wait !== undefined) await wait
      }
      const after = fstatSync(fd)
      const identity = isStill(before, after) && after.size === size ? identityOf(after, readAt) : undefined
      const mtime = wholeMilliseconds(after, () => fstatSync(fd, { bigint: true }))
      return { mode: after.mode & 0o7777, mtime, size, chunks, identity }
    } finally {
      closeSync(fd)
    }
  }
}

function isStill(before: Stats, after: Stats): boolean {
  return after.size === before.size && after.mtimeMs === before.mtimeMs && after.ctimeMs === before.ctimeMs
}

/** Opens a file; one that its owner may not read is made readable for that moment. */
function openReadable(parent: Directory, name: string): number {
  try {
    return parent.openFile(name)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EACCES')) throw error
    const mode = parent.stat(name).mode & 0o7777
    parent.chmod(name, mode | 0o400)
    const fd = parent.openFile(name)
    fchmodSync(fd, mode)
    return fd
  }
}

/** Fills `buffer` from where the handle stands; less at the end only. */
function readChunk(fd: number, buffer: Buffer): Buffer {
  let filled = 0
  while (filled < buffer.length) {
    const read = readSync(fd, buffer, filled, buffer.length - filled, null)
    if (read === 0) break
    filled += read
  }
  return buffer.subarray(0, filled)
}
