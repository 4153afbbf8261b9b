import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { MAX_REST_MS } from './limits.ts'
import { Turns } from './turns.ts'

/** Turns whose work ends when a test says so. */
function bench() {
  const under: { name: string; end: () => void }[] = []
  const begun: string[] = []
  const turns = new Turns((name) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    begun.push(name)
    under.push({ name, end: resolve })
    return promise
  })
  return { turns, begun, under, end: () => under.shift()?.end() }
}

describe('turns', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
  afterEach(() => void vi.useRealTimers())

  test('all who ask while work is under way share one turn, which begins when it has ended', async () => {
    const { turns, begun, end } = bench()
    const first = turns.take('a')
    const later = [turns.take('a'), turns.take('a'), turns.take('a')]
    expect(begun).toEqual(['a'])
    end()
    await first
    expect(begun).toEqual(['a', 'a'])
    end()
    await Promise.all(later)
    expect(begun).toEqual(['a', 'a'])
  })

  test('who asks once more as soon as their turn has ended is never beside another', async () => {
    const { turns, begun, under, end } = bench()
    const again = turns.take('a').then(() => turns.take('a'))
    const next = turns.take('a')
    end()
    await expect.poll(() => begun).toEqual(['a', 'a'])
    expect(under).toHaveLength(1)
    end()
    await next
    await expect.poll(() => under.length).toBeLessThan(2)
    end()
    await again
  })

  test('one name does not wait for another', () => {
    const { turns, begun } = bench()
    void turns.take('a')
    void turns.take('b')
    expect(begun).toEqual(['a', 'b'])
  })

  test('it rests as long as it took, up to a limit', async () => {
    const { turns, end } = bench()
    expect(turns.isResting('a')).toBe(false)
    const short = turns.take('a')
    expect(turns.isResting('a')).toBe(true)
    vi.advanceTimersByTime(100)
    end()
    await short
    vi.advanceTimersByTime(99)
    expect(turns.isResting('a')).toBe(true)
    vi.advanceTimersByTime(1)
    expect(turns.isResting('a')).toBe(false)

    const long = turns.take('a')
    vi.advanceTimersByTime(10 * MAX_REST_MS)
    end()
    await long
    vi.advanceTimersByTime(MAX_REST_MS)
    expect(turns.isResting('a')).toBe(false)
  })
})
