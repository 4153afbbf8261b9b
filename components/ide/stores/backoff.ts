import { RECONNECT_FIRST_MS, RECONNECT_JITTER, RECONNECT_MAX_MS } from './limits.ts'

/** How long to wait before attempt `attempt` (0 is the first retry), given a random number of [0, 1). */
export function reconnectDelayMs(attempt: number, random: number): number {
  const base = Math.min(RECONNECT_MAX_MS, RECONNECT_FIRST_MS * 2 ** attempt)
  return Math.round(base * (1 + RECONNECT_JITTER * (2 * random - 1)))
}
