import { displayName } from '#snapshot/byte-string.ts'
import type { Root, SnapshotEntry } from '#snapshot/entry.ts'
import { compareEntries } from '#snapshot/tree-order.ts'

/** One path that differs between two snapshots. */
export interface Difference {
  root: Root
  /** For people: text, with replacement characters where the name is not UTF-8. */
  path: string
  kind: 'added' | 'removed' | 'changed'
  /** What it is, in the later snapshot unless it was removed. */
  type: SnapshotEntry['type']
  /** Bytes before and after; only of files. */
  before?: number
  after?: number
  /** Permission bits, where they are all or part of the change. */
  mode?: { before: number; after: number }
}

/** What changed from one list of entries to the other, in tree order. A time alone is no change. */
export function* compareSnapshots(
  before: readonly SnapshotEntry[],
  after: readonly SnapshotEntry[],
): Generator<Difference> {
  let [left, right] = [0, 0]
  while (left < before.length || right < after.length) {
    const [old, now] = [before[left], after[right]]
    const order = old === undefined ? 1 : now === undefined ? -1 : compareEntries(old, now)
    if (order <= 0) left += 1
    if (order >= 0) right += 1
    const difference = compare(order <= 0 ? old : undefined, order >= 0 ? now : undefined)
    if (difference !== undefined) yield difference
  }
}

function compare(old: SnapshotEntry | undefined, now: SnapshotEntry | undefined): Difference | undefined {
  const entry = now ?? old
  if (entry === undefined || entry.path === '') return undefined
  if (old !== undefined && now !== undefined && isSame(old, now)) return undefined
  return {
    root: entry.root,
    path: displayName(entry.path),
    kind: old === undefined ? 'added' : now === undefined ? 'removed' : 'changed',
    type: entry.type,
    ...(old?.type === 'file' && { before: old.size }),
    ...(now?.type === 'file' && { after: now.size }),
    ...(old !== undefined &&
      now !== undefined &&
      old.mode !== now.mode && { mode: { before: old.mode, after: now.mode } }),
  }
}

function isSame(old: SnapshotEntry, now: SnapshotEntry): boolean {
  if (old.type !== now.type || old.mode !== now.mode) return false
  if (old.type === 'symlink' && now.type === 'symlink') return old.target === now.target
  if (old.type !== 'file' || now.type !== 'file') return true
  return (
    old.size === now.size &&
    old.chunks.length === now.chunks.length &&
    old.chunks.every((chunk, at) => chunk.sha256 === now.chunks[at]?.sha256)
  )
}
