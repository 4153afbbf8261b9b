import { read, readSync, write, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import { AT_ONCE_BYTES } from '../limits.ts'

const readInPool = promisify(read)
const writeInPool = promisify(write)

/**
 * Reads into `buffer` from `at` on: how many bytes there were. Few are read at once: a way through the thread pool takes
 * several times as long as the copy out of the page cache.
 */
export async function readAt(fd: number, buffer: Buffer, at: number): Promise<number> {
  if (buffer.length <= AT_ONCE_BYTES) return readSync(fd, buffer, 0, buffer.length, at)
  const { bytesRead } = await readInPool(fd, buffer, 0, buffer.length, at)
  return bytesRead
}

/** Writes all of `bytes`, few of them at once. */
export async function writeAll(fd: number, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const left = bytes.length - at
    at += left <= AT_ONCE_BYTES ? writeSync(fd, bytes, at, left) : (await writeInPool(fd, bytes, at, left)).bytesWritten
  }
}
