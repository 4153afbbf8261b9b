/** Chance that can be repeated: the same seed draws the same. */
export interface Random {
  readonly seed: number
  /** From 0 to `below` - 1. */
  int(below: number): number
  pick<T>(choices: readonly [T, ...T[]]): T
  /** Another source, so that what runs at the same time does not draw from this one. */
  split(): Random
}

/** mulberry32: small, and good enough to choose faults. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const int = (below: number) => Math.floor(next() * below)
  return {
    seed,
    int,
    pick: (choices) => choices[int(choices.length)] ?? choices[0],
    split: () => createRandom(int(2 ** 32)),
  }
}
