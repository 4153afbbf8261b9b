import { lstatSync } from 'node:fs'
import type { BigIntStats } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type * as wire from '#wire/gen/runner.ts'
import { RunnerError, toRunnerError } from '../errors.ts'
import { versionOf } from '../files/etag.ts'
import { steps } from '../search/walk.ts'
import type { Walked } from '../search/walk.ts'
import { LOOKS_AT_ONCE } from '../limits.ts'
import { LIST_TIME_MS, LIST_TURN_MS, MAX_LISTED_ENTRIES, MAX_LIST_DEPTH } from './limits.ts'
import type { Places } from './places.ts'

/** What lies in a folder and, to a depth, below it. */
export async function listTree(places: Places, request: wire.ListDirRequest): Promise<wire.ListDirResponse> {
  const place = places.toRead(request)
  const root = place.folder.resolve(place.path)
  const found = await lstat(root).catch((error: unknown) => {
    throw toRunnerError(error, request.path)
  })
  if (!found.isDirectory())
    throw new RunnerError('bad_request', `${request.path} is not a folder.`, { path: request.path })
  const limit = Math.min(request.limit || MAX_LISTED_ENTRIES, MAX_LISTED_ENTRIES)
  const maxDepth = Math.min(Math.max(request.depth, 1), MAX_LIST_DEPTH)
  const { includeIgnored, details } = request
  const name = places.nameOf(place)
  const prefix = name === '' || name === '/' ? name : `${name}/`
  const rulesFrom = place.isWorkspace ? place.folder.root : root
  const { walked, truncated } = await gather(steps({ root, rulesFrom, includeIgnored, maxDepth }), limit)
  const entries = walked.map((item) => entryOf(prefix, item))
  if (!details) return { root: name, entries, truncated }
  // Some at a time, so that others get their turn: through the thread pool each look takes ten times as long.
  for (const [index, entry] of entries.entries()) {
    if (index % LOOKS_AT_ONCE === LOOKS_AT_ONCE - 1) await setImmediate()
    addDetails(entry, join(root, walked[index]?.path ?? ''))
  }
  return { root: name, entries, truncated }
}

/** In turns, so that others get theirs: a large folder, or one with many rules of what to ignore, takes a while. */
async function gather(items: Iterable<Walked | undefined>, limit: number) {
  const walked: Walked[] = []
  const until = performance.now() + LIST_TIME_MS
  let turnUntil = performance.now() + LIST_TURN_MS
  for (const item of items) {
    if (item !== undefined && walked.length === limit) return { walked, truncated: true }
    if (item !== undefined) walked.push(item)
    if (performance.now() < turnUntil) continue
    if (performance.now() > until) return { walked, truncated: true }
    await setImmediate()
    turnUntil = performance.now() + LIST_TURN_MS
  }
  return { walked, truncated: false }
}

function entryOf(prefix: string, { path, entry }: Walked): wire.FileEntry {
  const kind = entry.isFile() ? 1 : entry.isDirectory() ? 2 : entry.isSymbolicLink() ? 3 : 4
  return { path: prefix + path, kind, size: 0, mtime: 0, mode: 0, etag: '', ignored: false }
}

/** One that is gone meanwhile keeps its zeros. */
function addDetails(entry: wire.FileEntry, absolute: string): void {
  const found = lstatOrNone(absolute)
  if (found === undefined) return
  const { etag, size, mtime } = versionOf(found)
  Object.assign(entry, { size, mtime, mode: Number(found.mode & 0o7777n), etag: found.isFile() ? etag : '' })
}

function lstatOrNone(absolute: string): BigIntStats | undefined {
  try {
    return lstatSync(absolute, { bigint: true, throwIfNoEntry: false })
  } catch {
    return undefined
  }
}
