import { isUtf8 } from 'node:buffer'
import { fstatSync } from 'node:fs'
import type { BigIntStats } from 'node:fs'
import { MAX_EDITOR_FILE_BYTES } from '#protocol/limits.ts'
import type { RequestResult } from '#protocol/messages.ts'
import { RunnerError } from '../errors.ts'
import { MAX_READS } from '../limits.ts'
import { readAt } from './at-once.ts'
import { versionOf } from './etag.ts'
import type { Workspace } from './workspace.ts'

/** A file for the editor: its text, or why there is none. */
export async function readForEditor(workspace: Workspace, path: string): Promise<RequestResult<'files.read'>> {
  using file = workspace.openFileSync(path)
  // A file that changes while it is read is read again: content and etag must belong together.
  for (let reads = 0; reads < MAX_READS; reads++) {
    const stat = fstatSync(file.fd, { bigint: true })
    const version = versionOf(stat)
    if (version.size > MAX_EDITOR_FILE_BYTES) return { kind: 'too_large', ...version }
    const bytes = await readAll(file.fd, version.size)
    if (!isSame(stat, fstatSync(file.fd, { bigint: true }))) continue
    // A NUL is valid UTF-8 and yet no text: an editor would show it, and diff tools and git call such a file binary.
    if (!isUtf8(bytes) || bytes.includes(0)) return { kind: 'binary', ...version }
    return { kind: 'text', content: bytes.toString('utf8'), ...version }
  }
  // Not for good: a page that shows the file keeps what it has, and asks again when it hears of the next change.
  throw new RunnerError('unavailable', `${path} changes all the time: it cannot be read as a whole.`, {
    path,
    advice: 'Open it again when nothing writes to it.',
  })
}

/** The text of a file of at most `limit` bytes. */
export async function readSmallFile(workspace: Workspace, path: string, limit: number): Promise<string> {
  const bytes = await readBytes(workspace, path, limit)
  if (bytes === undefined) throw new RunnerError('too_large', `${path} is larger than ${limit} bytes.`, { path })
  return bytes.toString('utf8')
}

/** The content of a file of at most `limit` bytes; `undefined` if it is larger. */
export async function readBytes(workspace: Workspace, path: string, limit: number): Promise<Buffer | undefined> {
  using file = workspace.openFileSync(path)
  const { size } = fstatSync(file.fd)
  return size > limit ? undefined : await readAll(file.fd, size)
}

async function readAll(fd: number, size: number): Promise<Buffer> {
  const buffer = Buffer.alloc(size)
  let at = 0
  while (at < size) {
    const bytesRead = await readAt(fd, buffer.subarray(at), at)
    if (bytesRead === 0) break
    at += bytesRead
  }
  return buffer.subarray(0, at)
}

function isSame(a: BigIntStats, b: BigIntStats): boolean {
  return a.mtimeNs === b.mtimeNs && a.size === b.size
}
