import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { UNSIZED_READ_BYTES } from './limits.ts'

/**
 * What a regular file holds, if that is at most `limit` bytes. A pipe would be waited on, and what the kernel makes up
 * (`/proc`) says that it is empty and does not end: neither its kind nor its size is believed before it is open.
 */
export function readBounded(file: string, limit: number): Buffer | undefined {
  let fd: number
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch {
    return undefined
  }
  try {
    const stat = fstatSync(fd)
    return stat.isFile() && stat.size <= limit ? readToEnd(fd, stat.size, limit) : undefined
  } catch {
    return undefined
  } finally {
    closeSync(fd)
  }
}

/** One byte more than is expected shows the end. */
function readToEnd(fd: number, size: number, limit: number): Buffer | undefined {
  let buffer = Buffer.allocUnsafe(size + 1)
  let length = 0
  while (length <= limit) {
    const read = readSync(fd, buffer, length, buffer.length - length, null)
    if (read === 0) return buffer.subarray(0, length)
    length += read
    if (length < buffer.length) continue
    const more = Math.min(Math.max(length, UNSIZED_READ_BYTES), limit + 1 - length)
    buffer = Buffer.concat([buffer, Buffer.allocUnsafe(more)])
  }
  return undefined
}
