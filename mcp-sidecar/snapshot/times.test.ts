import { closeSync, fstatSync, mkdtempSync, openSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { setTimes, wholeMilliseconds } from './times.ts'

test.each([
  [99_999_999_999_999_000, 8.64e15],
  [-99_999_999_999_999_000, -8.64e15],
  [1_700_000_000_123.5, 1_700_000_000_123],
])('a time of %d ms, which a file system may hold, is the date of %d ms', (held, date) => {
  const stats = Object.assign(statSync('/'), { mtimeMs: held })
  expect(wholeMilliseconds(stats, () => undefined)).toBe(date)
})

test.each([-1, -86_400_000, -31_536_000_001, 0, 1_700_000_000_123, 4_102_444_800_001])(
  'a time of %d ms is set exactly, before 1970 too',
  (time) => {
    const folder = mkdtempSync(join(tmpdir(), 'devex-times-'))
    const fd = openSync(join(folder, 'file'), 'w')
    setTimes(fd, time)
    expect(wholeMilliseconds(fstatSync(fd), () => fstatSync(fd, { bigint: true }))).toBe(time)
    closeSync(fd)
    rmSync(folder, { recursive: true })
  },
)
