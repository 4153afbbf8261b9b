import { AppError } from '#server/errors.ts'
import type { HistoryRow, Reason } from '#server/workspaces/head.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** How long snapshots that nobody named are kept, in milliseconds, each span counted from now. */
export interface Retention {
  /** All of them, as long as there are no more than `MAX_HISTORY`. */
  allMs: number
  /** The last one of each hour. */
  hourlyMs: number
  /** The last one of each day. */
  dailyMs: number
}

export const DEFAULT_RETENTION: Retention = { allMs: HOUR_MS, hourlyMs: DAY_MS, dailyMs: 30 * DAY_MS }

/**
 * Snapshots of one repl. A program that writes all the time makes 3,600 an hour: of those the older ones are thinned to
 * one of each minute, so that what is kept of the days before stays.
 */
export const MAX_HISTORY = 2000

/** Snapshots of one repl that have a name, and so are never thinned out: far fewer than fill its history or its head. */
export const MAX_NAMED = 500

/** What somebody forgot can be recalled for as long as a deleted repl can be restored. */
export const FORGOTTEN_KEEP_MS = 7 * DAY_MS

/** What an undo needs is kept as long as hourly snapshots are, each of them. */
const FOR_UNDO: readonly Reason[] = ['before-restore', 'before-agent']

/** The rows that are kept, newest first as they came. The first one and named ones always are, unless they are forgotten. */
export function thinned(rows: readonly HistoryRow[], retention: Retention, now: number): HistoryRow[] {
  const seen = new Set<string>()
  const kept = rows.filter((row, at) => {
    if (at === 0) return true
    if (row.forgottenAt !== undefined) return now - row.forgottenAt < FORGOTTEN_KEEP_MS
    if (row.name !== undefined) return true
    const slot = slotOf(row, retention, now)
    if (slot === undefined || seen.has(slot)) return false
    seen.add(slot)
    return true
  })
  return kept.length <= MAX_HISTORY ? kept : bounded(kept, retention, now)
}

/** `quota_exceeded` where no further one may be given a name. */
export function requireRoomForName(rows: readonly HistoryRow[]): void {
  if (rows.filter(isNamed).length < MAX_NAMED) return
  throw new AppError('quota_exceeded', `This REPL has ${MAX_NAMED} checkpoints, which is all it may keep.`, {
    advice: 'Remove one that is no longer needed, or take its name off.',
  })
}

/** Of all unnamed rows in one slot the newest stays; `undefined`: too old for any. */
function slotOf(row: HistoryRow, retention: Retention, now: number): string | undefined {
  const age = now - row.savedAt
  const keepsAllMs = isForUndo(row) ? Math.max(retention.allMs, retention.hourlyMs) : retention.allMs
  if (age <= keepsAllMs) return row.id
  if (age <= retention.hourlyMs) return hourOf(row)
  if (age <= retention.dailyMs) return `day ${Math.floor(row.savedAt / DAY_MS)}`
  return undefined
}

/**
 * As many as may be kept. Of the span where all are, those go first that are not the last of their minute, then those that
 * are not the last of their hour; only then what was thinned already and what an undo needs. Of what is worth the same the
 * oldest goes first, what is forgotten before all, and the newest row and named ones never.
 */
function bounded(rows: HistoryRow[], retention: Retention, now: number): HistoryRow[] {
  const seen = new Set<string>()
  const isFirstIn = (slot: string) => {
    const isFirst = !seen.has(slot)
    seen.add(slot)
    return isFirst
  }
  const worthOf = (row: HistoryRow) => {
    if (row.forgottenAt !== undefined) return -1
    if (isForUndo(row) || now - row.savedAt > retention.allMs) return 2
    const isLastOfHour = isFirstIn(hourOf(row))
    const isLastOfMinute = isFirstIn(`minute ${Math.floor(row.savedAt / MINUTE_MS)}`)
    return isLastOfHour ? 2 : isLastOfMinute ? 1 : 0
  }
  const unnamed = rows.filter((row) => !isNamed(row)).map((row) => ({ row, worth: worthOf(row) }))
  const goingFirst = unnamed
    .filter(({ row }) => row !== rows[0])
    .toReversed()
    .toSorted((one, other) => one.worth - other.worth)
  const going = new Set(goingFirst.slice(0, rows.length - MAX_HISTORY).map(({ row }) => row))
  return rows.filter((row) => !going.has(row))
}

function isNamed({ name, forgottenAt }: HistoryRow): boolean {
  return name !== undefined && forgottenAt === undefined
}

function isForUndo({ reason }: HistoryRow): boolean {
  return FOR_UNDO.includes(reason)
}

function hourOf({ savedAt }: HistoryRow): string {
  return `hour ${Math.floor(savedAt / HOUR_MS)}`
}
