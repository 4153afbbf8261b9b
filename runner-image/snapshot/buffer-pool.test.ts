import { expect, test } from 'vitest'
import { BufferPool } from './buffer-pool.ts'

test('what is given back is used again, and buffers that fit nobody do not pile up', () => {
  const pool = new BufferPool()
  const first = pool.take(1000)
  pool.give(first)
  expect(pool.take(600).buffer).toBe(first.buffer)
  pool.give(first)
  const all = new Set([first.buffer])
  for (let bytes = 1001; bytes <= 1100; bytes += 1) {
    const buffer = pool.take(bytes)
    all.add(buffer.buffer)
    pool.give(buffer)
  }
  expect(all.size).toBe(101)
  const kept = Array.from({ length: 101 }, () => pool.take(1000).buffer).filter((buffer) => all.has(buffer))
  expect(kept).toHaveLength(16)
  expect(kept).not.toContain(first.buffer)
})
