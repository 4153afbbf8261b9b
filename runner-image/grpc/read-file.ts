import { fstatSync, readSync } from 'node:fs'
import type * as wire from '#wire/gen/runner.ts'
import { RunnerError } from '../errors.ts'
import { readAt } from '../files/at-once.ts'
import { versionOf } from '../files/etag.ts'
import { MAX_READS } from '../limits.ts'
import type { Places } from './places.ts'
import { FILE_PIECE_BYTES, MAX_SMALL_FILE_BYTES, UNSIZED_FILE_BYTES } from './limits.ts'

const IS_FILE = 1
/**
 * A small file, or a part of one, in one answer. Content and etag belong together; of a file that never stands still, what
 * was read last counts.
 */
export async function readWhole(places: Places, request: wire.ReadRequest): Promise<wire.ReadSmallResponse> {
  const place = places.toRead(request)
  using file = place.folder.openFileSync(place.path)
  let before = fstatSync(file.fd, { bigint: true })
  for (let reads = 1; ; reads++) {
    const { etag, size, mtime } = versionOf(before)
    const length = Math.min(request.length || size, Math.max(0, size - request.offset))
    if (length > MAX_SMALL_FILE_BYTES) {
      throw new RunnerError(
        'too_large',
        `${request.path} has ${size} bytes; at most ${MAX_SMALL_FILE_BYTES} fit one answer.`,
        {
          path: request.path,
          advice: 'Read a part of it.',
        },
      )
    }
    const data = size === 0 ? readUnsized(file.fd) : await readSome(file.fd, request.offset, length)
    const after = fstatSync(file.fd, { bigint: true })
    if (reads < MAX_READS && (after.mtimeNs !== before.mtimeNs || after.size !== before.size)) {
      before = after
      continue
    }
    const mode = Number(before.mode & 0o7777n)
    const told = { size: size || data.length, mtime, mode, etag }
    return { entry: { path: places.nameOf(place), kind: IS_FILE, ...told, ignored: false }, data }
  }
}

async function readSome(fd: number, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length)
  return buffer.subarray(0, length === 0 ? 0 : await readAt(fd, buffer, offset))
}

/** The kernel's own files say that they are empty (proc(5)): what is in them shows when they are read. */
function readUnsized(fd: number): Buffer {
  const buffer = Buffer.allocUnsafe(UNSIZED_FILE_BYTES)
  let end = 0
  for (let bytesRead = 1; bytesRead > 0 && end < buffer.length; end += bytesRead)
    bytesRead = readSync(fd, buffer, end, buffer.length - end, end)
  return buffer.subarray(0, end)
}

/** A file of any size, as it is while it is read. */
export async function* readPieces(places: Places, request: wire.ReadRequest): AsyncGenerator<wire.ReadChunk> {
  const place = places.toRead(request)
  await using handle = await place.folder.openFile(place.path)
  const found = fstatSync(handle.fd, { bigint: true })
  const { etag, size, mtime } = versionOf(found)
  const mode = Number(found.mode & 0o7777n)
  let entry: wire.FileEntry | undefined = { path: places.nameOf(place), kind: IS_FILE, size, mtime, mode, etag, ignored: false } // prettier-ignore
  const end = request.length === 0 ? size : Math.min(size, request.offset + request.length)
  for (let at = request.offset; at < end || entry !== undefined;) {
    const length = Math.max(0, Math.min(FILE_PIECE_BYTES, end - at))
    const buffer = Buffer.allocUnsafe(length)
    const { bytesRead } = length === 0 ? { bytesRead: 0 } : await handle.read(buffer, 0, length, at)
    yield { ...(entry !== undefined && { entry }), data: buffer.subarray(0, bytesRead) }
    entry = undefined
    if (bytesRead === 0) return
    at += bytesRead
  }
}
