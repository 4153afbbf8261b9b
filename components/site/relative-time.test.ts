import { expect, test } from 'vitest'
import { duration, timeAgo, timeSpan, timeUntil } from '#components/site/relative-time.ts'

const NOW = Date.UTC(2026, 10, 20, 12)
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

test.each([
  [-5000, 'just now'],
  [0, 'just now'],
  [50_000, '1 min ago'],
  [59 * MINUTE, '59 min ago'],
  [HOUR, '1 h ago'],
  [DAY - 1, '23 h ago'],
  [DAY, 'yesterday'],
  [3 * DAY, '3 days ago'],
  [7 * DAY, 'Nov 13, 2026'],
])('%i ms ago reads "%s"', (passed, words) => {
  expect(timeAgo(NOW - passed, NOW)).toBe(words)
})

test.each([
  [0, 'now'],
  [10_000, 'in 1 min'],
  [HOUR, 'in 1 h'],
  [DAY, 'in 24 h'],
  [7 * DAY, 'in 7 days'],
])('%i ms ahead reads "%s"', (left, words) => {
  expect(timeUntil(NOW + left, NOW)).toBe(words)
})

test('durations keep a decimal while it matters', () => {
  expect([412, 9_400, 12_300, 125_000].map(duration)).toEqual(['0.4 s', '9.4 s', '12 s', '2 min 5 s'])
})

test('spans are rough', () => {
  expect([5000, 4 * MINUTE, 26 * HOUR, 3 * DAY].map(timeSpan)).toEqual(['under a minute', '4 min', '26 h', '3 days'])
})
