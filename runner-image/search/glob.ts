import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { globPattern } from './glob-pattern.ts'
import { MAX_WALKED_ENTRIES, MAX_WALK_DEPTH, SEARCH_TIME_MS } from './limits.ts'
import type { GlobAnswer, GlobSearch } from './search-messages.ts'
import { walk } from './walk.ts'

/** Paths that match, the newest first. */
export function glob(search: GlobSearch): GlobAnswer {
  const { root, rulesFrom, includeIgnored, limit } = search
  const pattern = globPattern(search.pattern)
  const until = performance.now() + SEARCH_TIME_MS
  const found: GlobAnswer['found'] = []
  let walked = 0
  let isCutShort = false
  for (const { path, entry } of walk({ root, rulesFrom, includeIgnored, maxDepth: MAX_WALK_DEPTH })) {
    if (++walked > MAX_WALKED_ENTRIES || performance.now() > until) {
      isCutShort = true
      break
    }
    if (entry.isDirectory() || !pattern.test(path)) continue
    const stat = lstatSync(join(root, path), { throwIfNoEntry: false })
    if (stat === undefined) continue
    found.push({ path, size: stat.size, mtime: stat.mtimeMs, mode: stat.mode & 0o7777, isFile: stat.isFile() })
  }
  found.sort((a, b) => b.mtime - a.mtime || (a.path < b.path ? -1 : 1))
  return {
    kind: 'glob',
    found: found.slice(0, limit),
    total: found.length,
    truncated: isCutShort || found.length > limit,
  }
}
