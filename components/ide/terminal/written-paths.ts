import { MAX_PATHS_PER_LINE } from '#protocol/limits.ts'

/** A path as a program has written it, perhaps with a place in the file. */
export interface WrittenPath {
  /** Where it stands in the text, with its place. */
  start: number
  end: number
  path: string
  /** Counted from one. */
  line?: number
  column?: number
}

/** Addresses are links already; those of files are paths. */
const ADDRESS = /\b(?!file:)[a-z][a-z0-9+.-]*:\/\/\S+/gi

/**
 * What may be a path, and then: `:12:3`, `:12`, `(12,3)` as TypeScript writes it, or `", line 12` as Python does. Quotes,
 * spaces and most brackets end one.
 */
const PATH =
  /(?:file:\/\/)?([\p{L}\p{N}_.~@+#$%&/[\]-]+)(?::(\d{1,7})(?::(\d{1,7}))?|\((\d{1,7})(?:,(\d{1,7}))?\)|", line (\d{1,7}))?/gu

/** What tells a path from a word: a folder, or an ending. */
const IS_PATH = /\/.*[^/]$|[^.]\.[\p{L}\p{N}_-]{1,12}$/u

/** The paths in a line of output, the first few of them. */
export function writtenPaths(text: string): WrittenPath[] {
  const withoutAddresses = text.replace(ADDRESS, (address) => ' '.repeat(address.length))
  const found: WrittenPath[] = []
  for (const match of withoutAddresses.matchAll(PATH)) {
    if (found.length === MAX_PATHS_PER_LINE) break
    const [whole, written = ''] = match
    const line = match[2] ?? match[4] ?? match[6]
    const column = match[3] ?? match[5]
    // A full stop after it ends the sentence.
    const path = line === undefined ? written.replace(/[.\]]+$/, '') : written
    if (!IS_PATH.test(path) || path.startsWith('//')) continue
    const end = match.index + whole.length - (written.length - path.length)
    found.push({
      start: match.index,
      end,
      path,
      ...(line !== undefined && { line: Number(line) }),
      ...(column !== undefined && { column: Number(column) }),
    })
  }
  return found
}
