import type { Stats } from 'node:fs'
import { RACY_WINDOW_MS } from '../limits.ts'

/**
 * What lets a save see that a file is as it was when its chunks were made. A program cannot set the ctime. Times are
 * milliseconds since the epoch as doubles, which tell quarter microseconds apart; the kernel's clock ticks coarser.
 */
export interface FileIdentity {
  inode: number
  size: number
  mtimeMs: number
  ctimeMs: number
  /** When it was read. */
  readAt: number
}

export function identityOf(stats: Stats, readAt: number): FileIdentity {
  return { inode: stats.ino, size: stats.size, mtimeMs: stats.mtimeMs, ctimeMs: stats.ctimeMs, readAt }
}

/**
 * Whether the file that `stats` describe is surely the one that was read: it was read so long after its last change that
 * another one has another time stamp.
 */
export function isUnchanged(known: FileIdentity, stats: Stats, windowMs = RACY_WINDOW_MS): boolean {
  return (
    known.ctimeMs === stats.ctimeMs &&
    known.mtimeMs === stats.mtimeMs &&
    known.size === stats.size &&
    known.inode === stats.ino &&
    stats.ctimeMs + windowMs < known.readAt
  )
}
