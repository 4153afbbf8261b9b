import { expect, test } from 'vitest'
import { byteSize } from '#components/dashboard/byte-size.ts'

test('sizes have at most three figures', () => {
  expect([0, 512, 1000, 1536, 200 * 1024, 1023 * 1024, 1.5 * 1024 ** 3].map(byteSize)).toEqual([
    '0 B',
    '512 B',
    '1 KB',
    '1.5 KB',
    '200 KB',
    '1 MB',
    '1.5 GB',
  ])
})
