import { expect, test } from 'vitest'
import type { SnapshotView } from '#server/repls/history.ts'
import { hiddenCount, timeline, titleOf } from './timeline.ts'

const NOON = new Date(2026, 10, 20, 12, 0).getTime()
const MINUTE_MS = 60_000

function snapshot(minutesAgo: number, rest: Partial<SnapshotView> = {}): SnapshotView {
  const savedAt = NOON - minutesAgo * MINUTE_MS
  return { id: `${minutesAgo}`, savedAt, reason: 'auto', files: 1, bytes: 1, isNewest: minutesAgo === 0, ...rest }
}

test('of automatic saves in the same five minutes the newest is shown, and every one on demand', () => {
  const all = [snapshot(1), snapshot(2), snapshot(3), snapshot(8), snapshot(9)]
  const [today] = timeline(all, { now: NOON, isFull: false })
  expect(today?.snapshots.map(({ id }) => id)).toEqual(['1', '8'])
  expect(hiddenCount(all)).toBe(3)
  expect(timeline(all, { now: NOON, isFull: true })[0]?.snapshots).toHaveLength(5)
})

test('what somebody named, and what an undo needs, is always shown', () => {
  const all = [snapshot(1), snapshot(2, { name: 'mine' }), snapshot(2.5, { reason: 'before-restore' }), snapshot(3)]
  expect(timeline(all, { now: NOON, isFull: false })[0]?.snapshots.map(({ id }) => id)).toEqual(['1', '2', '2.5'])
})

test('days have the names that people use', () => {
  const all = [snapshot(10), snapshot(24 * 60), snapshot(3 * 24 * 60)]
  const titles = timeline(all, { now: NOON, isFull: false }).map(({ title }) => title)
  expect(titles).toEqual(['Today', 'Yesterday', 'Tuesday, November 17'])
})

test('a name goes before the reason', () => {
  expect(titleOf(snapshot(1, { name: 'mine' }))).toBe('mine')
  expect(titleOf(snapshot(1, { reason: 'stop' }))).toBe('When it stopped')
})
