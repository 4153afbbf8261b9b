import { closeSync, fchmodSync, fstatSync, readSync } from 'node:fs'
import type { BigIntStats } from 'node:fs'
import { sha256 } from '#snapshot/hash.ts'
import { CHUNK_BYTES } from '#snapshot/limits.ts'
import { MAX_READ_ATTEMPTS } from '../limits.ts'
import type { Directory } from './directory.ts'
import { identityOf } from './file-index.ts'
import type { FileIdentity } from './file-index.ts'

export interface FileContent {
  stats: BigIntStats
  /** Bytes that were read: the size of the entry. */
  size: number
  /** Names of the chunks, in order. */
  chunks: string[]
  /** Absent if the file went on changing: the next save must read it again. */
  identity: FileIdentity | undefined
}

type TakeChunk = (name: string, bytes: Buffer) => Promise<void>

/**
 * Reads a file in chunks and hands each to `take`. One that changes meanwhile is read again; one that never holds still
 * (a log) is taken as it was read last. `undefined`: it is no regular file any more.
 */
export async function readFileChunks(
  parent: Directory,
  name: string,
  take: TakeChunk,
): Promise<FileContent | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const content = await readOnce(parent, name, take)
    if (content === undefined || content.identity !== undefined || attempt === MAX_READ_ATTEMPTS) return content
  }
}

async function readOnce(parent: Directory, name: string, take: TakeChunk): Promise<FileContent | undefined> {
  const fd = openReadable(parent, name)
  try {
    const readAt = Date.now()
    const before = fstatSync(fd, { bigint: true })
    if (!before.isFile()) return undefined
    const chunks: string[] = []
    let size = 0
    // Not beyond the size it had: somebody may append faster than this reads.
    while (size < Number(before.size)) {
      const bytes = readChunk(fd, Math.min(CHUNK_BYTES, Number(before.size) - size))
      if (bytes.length === 0) break
      const chunk = sha256(bytes)
      chunks.push(chunk)
      size += bytes.length
      await take(chunk, bytes)
    }
    const after = fstatSync(fd, { bigint: true })
    const isStill = after.size === BigInt(size) && after.mtimeNs === before.mtimeNs && after.ctimeNs === before.ctimeNs
    return { stats: after, size, chunks, identity: isStill ? identityOf(after, readAt) : undefined }
  } finally {
    closeSync(fd)
  }
}

/** Opens a file; one that its owner may not read is made readable for that moment. */
function openReadable(parent: Directory, name: string): number {
  try {
    return parent.openFile(name)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EACCES')) throw error
    const mode = Number(parent.stat(name).mode) & 0o7777
    parent.chmod(name, mode | 0o400)
    const fd = parent.openFile(name)
    fchmodSync(fd, mode)
    return fd
  }
}

/** Up to `length` bytes from where the handle stands; fewer at the end only. */
function readChunk(fd: number, length: number): Buffer {
  const buffer = Buffer.allocUnsafeSlow(length)
  let filled = 0
  while (filled < length) {
    const read = readSync(fd, buffer, filled, length - filled, null)
    if (read === 0) break
    filled += read
  }
  return buffer.subarray(0, filled)
}
