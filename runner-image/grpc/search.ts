import { lstat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type * as wire from '#wire/gen/runner.ts'
import { toRunnerError } from '../errors.ts'
import { GLOB_LIMIT, GREP_LIMIT, MAX_CONTEXT_LINES, MAX_SEARCH_LIMIT } from '../search/limits.ts'
import type { Search } from '../search/search.ts'
import type { Places } from './places.ts'
import type { CallContext } from './services.ts'

interface Searching {
  search: Search
  places: Places
}

const MODES = [undefined, 'content', 'files', 'count'] as const

/** Paths that match a glob, the newest first. */
export async function findByGlob(
  { search, places }: Searching,
  request: wire.GlobRequest,
  { signal }: CallContext,
): Promise<wire.GlobResponse> {
  const { where, prefix } = await whereOf(places, request)
  const limit = limitOf(request.limit, GLOB_LIMIT)
  const pattern = belowRoot(request.pattern, where.root)
  const { found, total, truncated } = await search.glob({ ...where, pattern, limit }, signal)
  const entries = found.map(({ path, size, mtime, mode, isFile }): wire.FileEntry => {
    return { path: prefix + path, kind: isFile ? 1 : 3, size, mtime, mode, etag: '', ignored: false }
  })
  return { entries, total, truncated }
}

/** Lines that match a regular expression. */
export async function findByGrep(
  { search, places }: Searching,
  request: wire.GrepRequest,
  { signal }: CallContext,
): Promise<wire.GrepResponse> {
  const { where, prefix } = await whereOf(places, request)
  const { pattern, glob, ignoreCase, multiline } = request
  const { kind: _, ...answer } = await search.grep(
    {
      ...where,
      pattern,
      ...(glob !== undefined && { glob: belowRoot(glob, where.root) }),
      mode: MODES[request.mode] ?? 'content',
      context: Math.min(request.context, MAX_CONTEXT_LINES),
      ignoreCase,
      multiline,
      limit: limitOf(request.limit, GREP_LIMIT),
    },
    signal,
  )
  const named = <T extends { path: string }>(found: T) => ({ ...found, path: prefix + found.path })
  return { ...answer, lines: answer.lines.map(named), counts: answer.counts.map(named) }
}

async function whereOf(places: Places, request: wire.GlobRequest | wire.GrepRequest) {
  const { path, includeIgnored } = request
  const place = places.toRead(request)
  const root = place.folder.resolve(place.path)
  const found = await lstat(root).catch((error: unknown) => {
    throw toRunnerError(error, path)
  })
  const name = found.isDirectory() ? places.nameOf(place) : dirname(places.nameOf(place))
  const prefix = name === '' || name === '.' ? '' : name === '/' ? '/' : `${name}/`
  const rulesFrom = place.isWorkspace ? place.folder.root : found.isDirectory() ? root : join(root, '..')
  return { where: { root, rulesFrom, includeIgnored }, prefix }
}

/** Globs are matched with paths below the folder that is searched; they may be told as whole ones. */
function belowRoot(glob: string, root: string): string {
  const [, not = '', whole = ''] = /^(!?)(.*)$/s.exec(glob) ?? []
  return whole.startsWith(`${root}/`) ? not + whole.slice(root.length + 1) : glob
}

function limitOf(asked: number, usual: number): number {
  return Math.min(asked || usual, MAX_SEARCH_LIMIT)
}
