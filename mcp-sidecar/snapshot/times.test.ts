import { statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { wholeMilliseconds } from './times.ts'

test.each([
  [99_999_999_999_999_000, 8.64e15],
  [-99_999_999_999_999_000, -8.64e15],
  [1_700_000_000_123.5, 1_700_000_000_123],
])('a time of %d ms, which a file system may hold, is the date of %d ms', (held, date) => {
  const stats = Object.assign(statSync('/'), { mtimeMs: held })
  expect(wholeMilliseconds(stats, () => undefined)).toBe(date)
})
