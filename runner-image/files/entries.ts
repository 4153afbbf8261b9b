import { lstatSync } from 'node:fs'
import type { BigIntStats } from 'node:fs'
import { readlink, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import * as z from 'zod'
import { MAX_LIST_ENTRIES } from '#protocol/limits.ts'
import type { Entry, RequestResult } from '#protocol/messages.ts'
import { joinPath, nameOf } from '#protocol/paths.ts'
import { RunnerError, errnoOf, toRunnerError } from '../errors.ts'
import { LOOKS_AT_ONCE } from '../limits.ts'
import { versionOf } from './etag.ts'
import { ignoredAmong } from './git-ignored.ts'
import { compare, sortedNames } from './sorted-names.ts'
import type { Listed } from './sorted-names.ts'
import type { Workspace } from './workspace.ts'

/** Where a page ends: the next one begins after this entry, whatever has come or gone meanwhile. */
const cursorSchema = z.tuple([z.boolean(), z.string()])

/** One page of a folder: folders first, then by name. Names that are not UTF-8 show replacement characters. */
export async function listFolder(
  workspace: Workspace,
  path: string,
  cursor?: string,
): Promise<RequestResult<'files.list'>> {
  const folder = workspace.resolve(path)
  const after = cursor === undefined ? undefined : parseCursor(cursor)
  const listed = await sortedNames(workspace, { folder, path }, after !== undefined)
  const start = after === undefined ? 0 : placeAfter(listed, after)
  const page = listed.slice(start, start + MAX_LIST_ENTRIES)
  const [found, ignored] = await Promise.all([
    describeAll(workspace, folder, page),
    ignoredAmong(
      workspace,
      page.map(({ name }) => joinPath(path, name)),
    ),
  ])
  const entries = found.flatMap((entry) => {
    if (entry === undefined) return []
    return [ignored.has(joinPath(path, entry.name)) ? { ...entry, ignored: true } : entry]
  })
  const last = page.at(-1)
  if (last === undefined || start + page.length >= listed.length) return { entries }
  return { entries, cursor: Buffer.from(JSON.stringify([last.isFolder, last.name])).toString('base64url') }
}

/** What lies at `path`, symbolic links not followed. */
export async function statEntry(workspace: Workspace, path: string): Promise<RequestResult<'files.stat'>> {
  const absolute = workspace.locate(path)
  try {
    const found = lstatSync(absolute, { bigint: true })
    const entry = await entryOf(workspace, absolute, { name: nameOf(path), found })
    return { entry, etag: versionOf(found).etag }
  } catch (error) {
    throw toRunnerError(error, path)
  }
}

/** Where the entries begin that come after this one, which may be gone. */
function placeAfter(listed: Listed[], after: Listed): number {
  let [low, high] = [0, listed.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const entry = listed[middle]
    if (entry !== undefined && compare(entry, after) <= 0) low = middle + 1
    else high = middle
  }
  return low
}

function parseCursor(cursor: string): Listed {
  try {
    const [isFolder, name] = cursorSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
    return { isFolder, name }
  } catch (error) {
    throw new RunnerError('bad_request', 'This is not a cursor of a listing.', { cause: error })
  }
}

/** Some at a time, so that the shells have their turn: through the thread pool each look takes ten times as long. */
async function describeAll(workspace: Workspace, folder: string, page: Listed[]): Promise<(Entry | undefined)[]> {
  const found: Promise<Entry | undefined>[] = []
  for (const { name } of page) {
    if (found.length % LOOKS_AT_ONCE === LOOKS_AT_ONCE - 1) await setImmediate()
    found.push(describe(workspace, join(folder, name), name))
  }
  return Promise.all(found)
}

async function describe(workspace: Workspace, absolute: string, name: string): Promise<Entry | undefined> {
  try {
    return await entryOf(workspace, absolute, { name, found: lstatSync(absolute, { bigint: true }) })
  } catch (error) {
    // Gone since it was listed, or its name is not UTF-8 and so cannot be said again: show it, if it is there at all.
    if (errnoOf(error) === 'ENOENT' && !name.includes('\ufffd')) return undefined
    return { name, type: 'other', size: 0, mtime: 0, mode: 0 }
  }
}

interface Found {
  name: string
  found: BigIntStats
}

async function entryOf(workspace: Workspace, absolute: string, { name, found }: Found): Promise<Entry> {
  const { size, mtime } = versionOf(found)
  const entry = { name, type: typeOf(found), size, mtime, mode: Number(found.mode & 0o7777n) }
  if (entry.type !== 'symlink') return entry
  // Where a link leads may be a mount whose server is gone: that holds up a thread of the pool, and not the shells.
  const target = await readlink(absolute).catch(() => '')
  return { ...entry, target, targetType: await targetTypeOf(workspace, absolute) }
}

function typeOf(found: BigIntStats): Entry['type'] {
  if (found.isFile()) return 'file'
  if (found.isDirectory()) return 'directory'
  return found.isSymbolicLink() ? 'symlink' : 'other'
}

async function targetTypeOf(workspace: Workspace, absolute: string): Promise<Entry['targetType']> {
  const real = await realpath(absolute).catch(() => undefined)
  if (real === undefined) return 'missing'
  if (!workspace.contains(real)) return 'outside'
  const found = await stat(real).catch(() => undefined)
  if (found === undefined) return 'missing'
  if (found.isDirectory()) return 'directory'
  return found.isFile() ? 'file' : 'other'
}
