import type { FoundFile, FoundMatch } from '#protocol/text-search.ts'
import { foundKey } from '../stores/text-search.ts'

/** One line of the list of results. */
export type ResultRow =
  | { kind: 'file'; file: FoundFile; isOpen: boolean }
  | { kind: 'match'; file: FoundFile; match: FoundMatch }

/** Files with their places below them, those of closed files left out. */
export function resultRows(files: readonly FoundFile[], closed: ReadonlySet<string>): ResultRow[] {
  return files.flatMap((file): ResultRow[] => {
    const isOpen = !closed.has(file.path)
    const matches = isOpen ? file.matches : []
    return [{ kind: 'file', file, isOpen }, ...matches.map((match) => ({ kind: 'match', file, match }) as const)]
  })
}

export function keyOf(row: ResultRow): string {
  return row.kind === 'file' ? foundKey(row.file.path) : foundKey(row.file.path, row.match)
}

/** The row to go to with an arrow to the left: the file of a match. */
export function parentIndex(rows: readonly ResultRow[], index: number): number {
  return rows.findLastIndex((row, at) => at <= index && row.kind === 'file')
}
