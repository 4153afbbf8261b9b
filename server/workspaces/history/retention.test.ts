import { expect, test } from 'vitest'
import type { HistoryRow } from '#server/workspaces/head.ts'
import { DEFAULT_RETENTION, FORGOTTEN_KEEP_MS, MAX_HISTORY, thinned } from '#server/workspaces/history/retention.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** In the middle of an hour and of a day, so that slots are easy to count. */
const NOW = 20_000 * DAY_MS + 12.5 * HOUR_MS

function row(ageMs: number, rest: Partial<HistoryRow> = {}): HistoryRow {
  const savedAt = NOW - ageMs
  return { id: `at ${ageMs}`, manifest: 'a'.repeat(64), savedAt, files: 1, bytes: 1, reason: 'auto', ...rest }
}

const agesOf = (rows: HistoryRow[]) => rows.map(({ savedAt }) => NOW - savedAt)
const thin = (rows: HistoryRow[]) => thinned(rows, DEFAULT_RETENTION, NOW)

test('keeps every snapshot of the last hour', () => {
  const rows = Array.from({ length: 720 }, (_, at) => row(at * 5000))
  expect(thin(rows)).toEqual(rows)
})

test('keeps the last one of each hour of a day, then of each day of a month, then none', () => {
  const every10Minutes = Array.from({ length: 40 * 24 * 6 }, (_, at) => row(at * 10 * MINUTE_MS))
  const kept = agesOf(thin(every10Minutes))
  const within = (from: number, to: number) => kept.filter((age) => age > from && age <= to).length
  expect(within(-1, HOUR_MS)).toBe(7)
  expect(within(HOUR_MS, DAY_MS)).toBe(24)
  expect(within(DAY_MS, 30 * DAY_MS)).toBe(30)
  expect(within(30 * DAY_MS, Infinity)).toBe(0)
})

test('keeps what has a name, and the newest, however old', () => {
  const rows = [row(90 * DAY_MS), row(91 * DAY_MS, { name: 'before the rewrite' }), row(92 * DAY_MS)]
  expect(thin(rows)).toEqual(rows.slice(0, 2))
})

test('keeps what is forgotten until it can be recalled no more, with a name or without; it takes no slot', () => {
  const rows = [
    row(0),
    row(90 * DAY_MS, { name: 'x', forgottenAt: NOW - FORGOTTEN_KEEP_MS }),
    row(90 * DAY_MS + 1, { forgottenAt: NOW - FORGOTTEN_KEEP_MS + 1 }),
  ]
  expect(thin(rows)).toEqual([rows[0], rows[2]])
  const sameHour = [row(0), row(5 * HOUR_MS, { forgottenAt: NOW }), row(5 * HOUR_MS + 1)]
  expect(thin(sameHour)).toEqual(sameHour)
})

test('of too many what is forgotten goes first', () => {
  const rows = Array.from({ length: MAX_HISTORY + 10 }, (_, at) =>
    row(at, at > 0 && at <= 20 ? { name: 'x', forgottenAt: NOW } : {}),
  )
  const kept = thin(rows)
  expect(kept).toHaveLength(MAX_HISTORY)
  expect(kept.filter(({ forgottenAt }) => forgottenAt !== undefined)).toHaveLength(10)
})

test('keeps each snapshot that an undo needs for a day', () => {
  const rows = [
    row(0),
    row(2 * HOUR_MS, { reason: 'before-agent' }),
    row(2 * HOUR_MS + 1000, { reason: 'before-restore' }),
  ]
  expect(thin(rows)).toEqual(rows)
})

test('thinning again changes nothing', () => {
  const rows = Array.from({ length: 3000 }, (_, at) => row(at * 7 * MINUTE_MS))
  expect(thin(thin(rows))).toEqual(thin(rows))
})

test('is bounded even within an hour, and lets named ones stay', () => {
  const rows = [
    row(0),
    ...Array.from({ length: MAX_HISTORY + 500 }, (_, at) => row(at, at % 100 === 0 ? { name: 'x' } : {})),
  ]
  const kept = thin(rows)
  expect(kept).toHaveLength(MAX_HISTORY)
  expect(kept.filter(({ name }) => name !== undefined)).toHaveLength(25)
})

test('a program that writes every second costs neither what is kept of the days before nor what an undo needs', () => {
  const SECONDS = 3600
  const before = [
    row(10 * MINUTE_MS, { reason: 'before-agent' }),
    row(20 * MINUTE_MS, { reason: 'before-restore' }),
    ...Array.from({ length: 21 }, (_, at) => row((at + 1) * HOUR_MS)),
    ...Array.from({ length: 28 }, (_, at) => row((at + 1) * DAY_MS)),
  ]
  const write = (history: HistoryRow[], seconds: number) =>
    thinned([row(-seconds * 1000), ...history], DEFAULT_RETENTION, NOW + seconds * 1000)
  let history = before
  for (let seconds = 1; seconds <= SECONDS; seconds += 1) history = write(history, seconds)

  expect(history).toHaveLength(MAX_HISTORY)
  const keptOfBefore = thinned(before, DEFAULT_RETENTION, NOW + SECONDS * 1000)
  expect(keptOfBefore).toHaveLength(before.length)
  expect(history).toEqual(expect.arrayContaining(keptOfBefore))
  // The older half of the hour by the minute, the newer one by the second.
  const agesInSeconds = agesOf(history).map((age) => age / 1000 + SECONDS)
  const within = (from: number, to: number) => agesInSeconds.filter((age) => age >= from && age < to).length
  expect(within(0, 1800)).toBe(1800)
  expect(within(3000, 3600)).toBe(10)
})

test('where all of a month is to be kept, what is too much goes by the minute, then by the hour', () => {
  const everything = { allMs: 30 * DAY_MS, hourlyMs: 30 * DAY_MS, dailyMs: 30 * DAY_MS }
  const every30Seconds = Array.from({ length: 30 * 24 * 120 }, (_, at) => row(at * 30_000))
  const kept = thinned(every30Seconds, everything, NOW)
  expect(kept).toHaveLength(MAX_HISTORY)
  const hours = new Set(kept.map(({ savedAt }) => Math.floor(savedAt / HOUR_MS)))
  expect(hours.size).toBe(30 * 24 + 1)
})
