import { expect, test } from 'vitest'
import { parseRange } from './range.ts'

test('ranges: from, to, suffix, beyond the end, several, nonsense', () => {
  const ranges = [
    'bytes=0-3',
    'bytes=5-',
    'bytes=-2',
    'bytes=-99',
    'bytes=8-99',
    'bytes=10-',
    'bytes=-0',
    'bytes=0-1,3-4',
    'x',
    undefined,
  ]
  expect(ranges.map((header) => parseRange(header, 10))).toEqual([
    { start: 0, end: 3 },
    { start: 5, end: 9 },
    { start: 8, end: 9 },
    { start: 0, end: 9 },
    { start: 8, end: 9 },
    'unsatisfiable',
    'unsatisfiable',
    'whole',
    'whole',
    'whole',
  ])
  expect(parseRange('bytes=0-', 0)).toBe('unsatisfiable')
  expect(parseRange('bytes=5-3', 10)).toBe('whole')
})
