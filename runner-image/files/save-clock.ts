import { SAVE_TIME_AHEAD_MS } from '../limits.ts'

/** Two microseconds: file times are set in whole ones, rounded down. */
const STEP_MS = 0.002

/**
 * Tells what a file that is saved now is stamped with: the time of the clock that programs read too, as build tools
 * compare what they made with what was saved. (One that counts from the start of this process stays behind by as long as
 * the machine slept.) It ticks finer than the kernel's stamps, every few milliseconds, and never tells a time twice:
 * that keeps etags of quick saves apart.
 */
export class SaveClock {
  #last = 0

  /** In milliseconds since the epoch. */
  next(): number {
    const now = Date.now()
    const fine = now + (performance.now() % 1)
    // What is further ahead was told by a clock that has been set back since.
    const isFollowed = this.#last - now < SAVE_TIME_AHEAD_MS
    this.#last = isFollowed ? Math.max(this.#last + STEP_MS, fine) : fine
    return this.#last
  }
}
