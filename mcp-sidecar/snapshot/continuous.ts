import { setTimeout as delay } from 'node:timers/promises'
import { isInCache } from '#snapshot/caches.ts'
import {
  LOOK_SHARE,
  MAX_HINTS,
  RESCAN_INTERVAL_MS,
  SAVE_MAX_DELAY_MS,
  SAVE_QUIET_MS,
  SAVE_RETRY_FIRST_MS,
  SAVE_RETRY_MAX_MS,
} from '../limits.ts'
import type { Look, Looked } from './saver.ts'

interface ContinuousOptions {
  save(look: Look): Promise<{ look: Looked }>
  /** The time since when changes are not in the store; `null`: all is well again. */
  onUnsaved(since: number | null): void
  onFailure(error: unknown): void
  /** Called after each save, for what can wait until then. It ends soon after the signal is aborted, and never rejects. */
  tidy?(signal: AbortSignal): Promise<void>
}

/**
 * Saves soon after changes, while the sandbox runs. Changes are hints from a runner that could lie or fail, and that is
 * silent about folders too large to watch. So a save looks at everything as often as that takes a small share of the
 * time only, at the hints alone otherwise, and everything again soon after. Whatever it misses, the save at stop finds.
 */
export class ContinuousSave implements AsyncDisposable {
  readonly #options: ContinuousOptions
  readonly #abort = new AbortController()
  /** By the clock that nobody sets, as all times here, and by that of the day. */
  #firstChange: { at: number; date: number } | undefined
  #lastChangeAt = 0
  /** What changed since the last save. */
  #hints: Set<string> | 'everything' = new Set()
  /** Before this, looking at everything would take more than its share. */
  #lookAgainAt = 0
  /** Whether a save has looked at hints alone since. */
  #owesLook = false
  #wake = Promise.withResolvers<void>()
  #loop: Promise<void>

  constructor(options: ContinuousOptions) {
    this.#options = options
    this.#loop = this.#run().catch(() => undefined)
  }

  /** Something changed at a path relative to the volume, or anywhere. */
  changed(path?: string): void {
    if (path !== undefined && isInCache(path)) return
    this.#lastChangeAt = performance.now()
    this.#firstChange ??= { at: this.#lastChangeAt, date: Date.now() }
    this.#hint(path)
    this.#wake.resolve()
  }

  #hint(path: string | undefined): void {
    if (path === undefined || this.#hints === 'everything') this.#hints = 'everything'
    else this.#hints.add(path)
    if (this.#hints !== 'everything' && this.#hints.size > MAX_HINTS) this.#hints = 'everything'
  }

  /** Ends it; a save under way is finished first. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort()
    await this.#loop
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort
    for (;;) {
      await this.#untilDue(signal)
      const since = this.#firstChange?.date ?? Date.now()
      this.#firstChange = undefined
      await this.#saveUntilDone(since, signal)
      await this.#options.tidy?.(signal)
    }
  }

  /** Until the disk has been quiet for a moment after a change, or has been changing for long, or it is time to look anyway. */
  async #untilDue(signal: AbortSignal): Promise<void> {
    this.#wake = Promise.withResolvers()
    if (this.#firstChange === undefined)
      await Promise.race([this.#wake.promise, delay(this.#untilLook(), undefined, { signal, ref: false })])
    while (this.#firstChange !== undefined) {
      const due = Math.min(this.#lastChangeAt + SAVE_QUIET_MS, this.#firstChange.at + SAVE_MAX_DELAY_MS)
      const wait = due - performance.now()
      if (wait <= 0) return
      await delay(wait, undefined, { signal })
    }
  }

  #untilLook(): number {
    return this.#owesLook ? Math.max(0, this.#lookAgainAt - performance.now()) : RESCAN_INTERVAL_MS
  }

  async #saveUntilDone(since: number, signal: AbortSignal): Promise<void> {
    for (let wait = SAVE_RETRY_FIRST_MS; ; wait = Math.min(SAVE_RETRY_MAX_MS, wait * 2)) {
      signal.throwIfAborted()
      try {
        await this.#saveOnce()
        this.#options.onUnsaved(null)
        return
      } catch (error) {
        this.#options.onFailure(error)
        this.#options.onUnsaved(since)
        await delay(wait * (0.5 + Math.random() / 2), undefined, { signal })
      }
    }
  }

  async #saveOnce(): Promise<void> {
    const hints = this.#hints
    this.#hints = new Set()
    const began = performance.now()
    try {
      const { look } = await this.#options.save(lookFor(hints, began >= this.#lookAgainAt))
      if (look !== 'nothing') this.#owesLook = look === 'changes'
      // What it took holds the upload too, so it is no more than a hint.
      const pause = Math.min(RESCAN_INTERVAL_MS, (performance.now() - began) * LOOK_SHARE)
      if (look === 'everything') this.#lookAgainAt = performance.now() + pause
    } catch (error) {
      if (hints === 'everything') this.#hint(undefined)
      else for (const path of hints) this.#hint(path)
      throw error
    }
  }
}

function lookFor(hints: ReadonlySet<string> | 'everything', hasTime: boolean): Look {
  if (hints === 'everything') return hints
  // Nothing was said to have changed: there is time to be thorough, and a stop soon after finds less to read.
  if (hints.size === 0) return 'thoroughly'
  return hasTime ? { everythingIf: hints } : hints
}
