import { expect, test } from 'vitest'
import { createSocketCounts } from '#server/gateway/socket-counts.ts'

function held() {
  const released = { times: 0 }
  const release = () => void (released.times += 1)
  return { hold: { value: 1, signal: new AbortController().signal, confirm: () => undefined, release }, released }
}

test('nothing is remembered of whoever has no socket any more', () => {
  const counts = createSocketCounts()
  const bounds = [
    { key: 'ada', most: 2, message: 'Too many of yours.' },
    { key: 'all', most: 3, message: 'Too many in all.' },
  ]
  const [first, second] = [1, 2].map(() => counts.count(held().hold, bounds))
  expect(counts.holders()).toBe(2)
  first?.release()
  first?.release()
  expect(counts.holders()).toBe(2)
  second?.release()
  expect(counts.holders()).toBe(0)
})

test('one too many is refused, counted under none of its bounds, and its right released', () => {
  const counts = createSocketCounts()
  const own = { key: 'ada', most: 1, message: 'Too many of yours.' }
  const all = { key: 'all', most: 2, message: 'Too many in all.' }
  const first = counts.count(held().hold, [own, all])
  const { hold, released } = held()
  expect(() => counts.count(hold, [all, own])).toThrow('Too many of yours.')
  expect(released.times).toBe(1)
  const other = counts.count(held().hold, [all])
  expect(() => counts.count(hold, [{ ...own, key: 'bob' }, all])).toThrow('Too many in all.')
  for (const counted of [first, other]) counted.release()
  expect(counts.holders()).toBe(0)
})
