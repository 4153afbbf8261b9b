import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createPatience } from '#server/repls/patience.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('work that goes on has until its limit, and no longer', () => {
  using patience = createPatience({ stallMs: 3000, limitMs: 10_000 })
  for (let at = 0; at < 9000; at += 2000) {
    vi.advanceTimersByTime(2000)
    expect(patience.signal.aborted).toBe(at + 2000 >= 10_000)
    patience.renew()
  }
  expect(patience.over).toEqual({ kind: 'limit', ms: 10_000 })
})

test('work that stands still ends', () => {
  using patience = createPatience({ stallMs: 3000, limitMs: 10_000 })
  vi.advanceTimersByTime(2999)
  expect(patience.over).toBeUndefined()
  vi.advanceTimersByTime(1)
  expect(patience.signal.aborted).toBe(true)
  vi.advanceTimersByTime(60_000)
  expect(patience.over).toEqual({ kind: 'stall', ms: 3000 })
})

test('what is done in time leaves no timer', () => {
  {
    using _ = createPatience({ stallMs: 3000, limitMs: 10_000 })
  }
  expect(vi.getTimerCount()).toBe(0)
})
