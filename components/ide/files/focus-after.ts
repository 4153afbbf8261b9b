import { parentOf } from '#protocol/paths.ts'

interface Rows {
  /** Paths in the order of the rows, before they changed and now. */
  before: readonly string[]
  now: readonly string[]
  isOpen: (folder: string) => boolean
}

/**
 * Which row has the focus after rows changed: still `focused`, if it is one; the folder that was closed over it; the next
 * row that stayed; what is in its place now. `null` where there is no row.
 */
export function focusAfter(focused: string, { before, now, isOpen }: Rows): string | null {
  const rows = new Set(now)
  if (rows.has(focused)) return focused
  for (let folder = parentOf(focused); folder !== ''; folder = parentOf(folder)) {
    if (rows.has(folder) && !isOpen(folder)) return folder
  }
  const index = Math.max(0, before.indexOf(focused))
  const next = before.slice(index).find((path) => rows.has(path))
  return next ?? now[Math.min(index, now.length - 1)] ?? null
}
