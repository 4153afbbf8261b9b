import { statSync } from 'node:fs'
import { join } from 'node:path'
import { BINARY_LOOK_BYTES, MAX_SEARCHED_FILE_BYTES, MAX_WALKED_ENTRIES, MAX_WALK_DEPTH } from './limits.ts'
import { readBounded } from './read-bounded.ts'
import { walk } from './walk.ts'

interface Where {
  /** Absolute folder or file. */
  root: string
  rulesFrom: string
  includeIgnored: boolean
}

interface Choice {
  /** By the path below the root. */
  isWanted: (path: string) => boolean
  /** So many entries were looked at that the rest is left out. */
  onLimit: () => void
}

/** Paths, below the root, of the regular files to search; '' where the root is a file itself. */
export function* searchedFiles(where: Where, { isWanted, onLimit }: Choice): Generator<string> {
  if (!statSync(where.root).isDirectory()) return yield ''
  let walked = 0
  for (const { path, entry } of walk({ ...where, maxDepth: MAX_WALK_DEPTH })) {
    if (++walked > MAX_WALKED_ENTRIES) return onLimit()
    if (entry.isFile() && isWanted(path)) yield path
  }
}

/** The text of a file; `null`: it is too large; `undefined`: it is none of text, or gone. */
export function searchedText(root: string, path: string): string | null | undefined {
  const file = path === '' ? root : join(root, path)
  const bytes = readBounded(file, MAX_SEARCHED_FILE_BYTES)
  if (bytes === undefined) return isTooLarge(file) ? null : undefined
  return bytes.subarray(0, BINARY_LOOK_BYTES).includes(0) ? undefined : bytes.toString('utf8')
}

/** Without what ends them: a pattern's `$` is before a `\r` too. */
export function linesOf(text: string): string[] {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return text.includes('\r') ? lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line)) : lines
}

function isTooLarge(file: string): boolean {
  const stat = statSync(file, { throwIfNoEntry: false })
  return stat?.isFile() === true && stat.size > MAX_SEARCHED_FILE_BYTES
}
