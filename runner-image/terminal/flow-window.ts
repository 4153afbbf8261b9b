import { TERMINAL_WINDOW_BYTES } from '#protocol/limits.ts'
import { TERMINAL_WINDOW_MAX_BYTES } from '../limits.ts'

/** Least time over which a rate is measured. */
const RATE_SAMPLE_MS = 50

/**
 * How much may be in flight to one client: twice what it renders in a round trip, so that neither waits for the other.
 * The floor keeps Ctrl-C quick near by; on a slow network a window that small would limit the rate.
 */
export class FlowWindow {
  #bytes = TERMINAL_WINDOW_BYTES
  #since = 0
  #acknowledged = 0

  get bytes(): number {
    return this.#bytes
  }

  /** Nothing was in flight: time that passes now says nothing about the client's speed. */
  restart(now: number): void {
    this.#since = now
    this.#acknowledged = 0
  }

  acknowledge(bytes: number, roundTripMs: number, now: number): void {
    this.#acknowledged += bytes
    const elapsed = now - this.#since
    if (elapsed < Math.max(RATE_SAMPLE_MS, roundTripMs)) return
    const target = 2 * (this.#acknowledged / elapsed) * roundTripMs
    this.#bytes = Math.min(TERMINAL_WINDOW_MAX_BYTES, Math.max(TERMINAL_WINDOW_BYTES, target))
    this.restart(now)
  }
}
