import { describe, expect, test } from 'vitest'
import { Ring } from './ring.ts'

describe('ring', () => {
  test('keeps the tail under its offsets through growth and wrap, and drops each byte once', () => {
    const dropped: number[] = []
    const ring = new Ring(1000, (bytes) => dropped.push(...bytes))
    const all: number[] = []
    for (let round = 0; round < 200; round++) {
      const bytes = Uint8Array.from({ length: (round * 37) % 130 }, (_, i) => (round * 7 + i) % 256)
      all.push(...bytes)
      ring.append(bytes)
      expect(ring.end).toBe(all.length)
      expect(ring.end - ring.start).toBeLessThanOrEqual(1000)
      expect(ring.slice(ring.start, ring.end).equals(Uint8Array.from(all.slice(ring.start)))).toBe(true)
    }
    expect(ring.start).toBeGreaterThan(0)
    expect(dropped).toEqual(all.slice(0, ring.start))
  })

  test('takes more than its capacity at once', () => {
    const ring = new Ring(10)
    ring.append(Uint8Array.from({ length: 25 }, (_, i) => i))
    expect([ring.start, ring.end]).toEqual([15, 25])
    expect(ring.slice(17, 20)).toEqual(Buffer.from([17, 18, 19]))
  })
})
