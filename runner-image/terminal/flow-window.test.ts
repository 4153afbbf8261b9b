import { expect, test } from 'vitest'
import { TERMINAL_WINDOW_BYTES } from '#protocol/limits.ts'
import { TERMINAL_WINDOW_MAX_BYTES } from '../limits.ts'
import { FlowWindow } from './flow-window.ts'

/** A client that always has a full window in flight over a link of `roundTripMs`, rendering at most `limit` bytes/ms. */
function settle(roundTripMs: number, limit: number): number {
  const window = new FlowWindow()
  window.restart(0)
  for (let now = roundTripMs; now < 100 * roundTripMs; now += roundTripMs) {
    window.acknowledge(Math.min(window.bytes, limit * roundTripMs), roundTripMs, now)
  }
  return window.bytes
}

test('the window stays at its floor near by, and grows with rate and round trip up to its limit', () => {
  expect(settle(0.3, 10_000)).toBe(TERMINAL_WINDOW_BYTES)
  expect(settle(100, 2_000)).toBe(400_000)
  expect(settle(300, 100_000)).toBe(TERMINAL_WINDOW_MAX_BYTES)
})
