import { AppError } from '#server/errors.ts'
import type { HistoryRow, Reason } from '#server/workspaces/head.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** How long snapshots that nobody named are kept, in milliseconds, each span counted from now. */
export interface Retention {
  /** All of them. */
  allMs: number
  /** The last one of each hour. */
  hourlyMs: number
  /** The last one of each day. */
  dailyMs: number
}

export const DEFAULT_RETENTION: Retention = { allMs: HOUR_MS, hourlyMs: DAY_MS, dailyMs: 30 * DAY_MS }

/** Snapshots of one repl. With the default retention and a save every 5 s it takes 780 unnamed ones to be near it. */
export const MAX_HISTORY = 2000

/** Snapshots of one repl that have a name, and so are never thinned out: far fewer than fill its history or its head. */
export const MAX_NAMED = 500

/** What an undo needs is kept as long as hourly snapshots are, each of them. */
const FOR_UNDO: readonly Reason[] = ['before-restore', 'before-agent']

/** The rows that are kept, newest first as they came. The first one and named ones always are. */
export function thinned(rows: readonly HistoryRow[], retention: Retention, now: number): HistoryRow[] {
  const seen = new Set<string>()
  const kept = rows.filter((row, at) => {
    if (at === 0 || row.name !== undefined) return true
    const slot = slotOf(row, retention, now)
    if (slot === undefined || seen.has(slot)) return false
    seen.add(slot)
    return true
  })
  return withoutOldest(kept, kept.length - MAX_HISTORY)
}

/** `quota_exceeded` where no further one may be given a name. */
export function requireRoomForName(rows: readonly HistoryRow[]): void {
  if (rows.filter(({ name }) => name !== undefined).length < MAX_NAMED) return
  throw new AppError('quota_exceeded', `This REPL has ${MAX_NAMED} checkpoints, which is all it may keep.`, {
    advice: 'Remove one that is no longer needed, or take its name off.',
  })
}

/** Of all unnamed rows in one slot the newest stays; `undefined`: too old for any. */
function slotOf(row: HistoryRow, retention: Retention, now: number): string | undefined {
  const age = now - row.savedAt
  const keepsAllMs = FOR_UNDO.includes(row.reason) ? Math.max(retention.allMs, retention.hourlyMs) : retention.allMs
  if (age <= keepsAllMs) return row.id
  if (age <= retention.hourlyMs) return `hour ${Math.floor(row.savedAt / HOUR_MS)}`
  if (age <= retention.dailyMs) return `day ${Math.floor(row.savedAt / DAY_MS)}`
  return undefined
}

/** The oldest unnamed ones go first. The newest row is never among them. */
function withoutOldest(rows: HistoryRow[], excess: number): HistoryRow[] {
  if (excess <= 0) return rows
  const going = new Set(
    rows
      .slice(1)
      .filter(({ name }) => name === undefined)
      .slice(-excess),
  )
  return rows.filter((row) => !going.has(row))
}
