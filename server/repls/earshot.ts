import { AWAY_MS, LISTEN_MS } from '#server/repls/limits.ts'

/**
 * Whether a sandbox that works would have been heard by now. Reports come to nobody while this process, its machine or the
 * store is away, and sandboxes go on meanwhile.
 */
export interface Earshot {
  /** The store answered just now: a long silence before it was an absence. */
  answered(): void
  wouldHear(): boolean
}

export function createEarshot(now: () => number): Earshot {
  let answeredAt = -Infinity
  let backSince = Infinity
  return {
    answered: () => {
      const at = now()
      if (at - answeredAt > AWAY_MS) backSince = at
      answeredAt = at
    },
    wouldHear: () => now() - answeredAt <= AWAY_MS && now() - backSince >= LISTEN_MS,
  }
}
