import { setTimeout as delay } from 'node:timers/promises'
import { isInCache } from '#snapshot/caches.ts'
import {
  RESCAN_INTERVAL_MS,
  SAVE_MAX_DELAY_MS,
  SAVE_QUIET_MS,
  SAVE_RETRY_FIRST_MS,
  SAVE_RETRY_MAX_MS,
} from '../limits.ts'

interface ContinuousOptions {
  save(): Promise<unknown>
  /** The time since when changes are not in the store; `null`: all is well again. */
  onUnsaved(since: number | null): void
  onFailure(error: unknown): void
}

/**
 * Saves soon after changes, while the sandbox runs. Changes are hints from a runner that could lie or fail, so it also
 * looks by itself from time to time; whatever it misses, the save at stop finds.
 */
export class ContinuousSave implements AsyncDisposable {
  readonly #options: ContinuousOptions
  readonly #abort = new AbortController()
  #firstChangeAt: number | undefined
  #lastChangeAt = 0
  #wake = Promise.withResolvers<void>()
  #loop: Promise<void>

  constructor(options: ContinuousOptions) {
    this.#options = options
    this.#loop = this.#run().catch(() => undefined)
  }

  /** Something changed at a path relative to the volume, or anywhere. */
  changed(path?: string): void {
    if (path !== undefined && isInCache(path)) return
    this.#lastChangeAt = Date.now()
    this.#firstChangeAt ??= this.#lastChangeAt
    this.#wake.resolve()
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
      const since = this.#firstChangeAt ?? Date.now()
      this.#firstChangeAt = undefined
      await this.#saveUntilDone(since, signal)
    }
  }

  /** Until the disk has been quiet for a moment after a change, or has been changing for long, or it is time to look anyway. */
  async #untilDue(signal: AbortSignal): Promise<void> {
    this.#wake = Promise.withResolvers()
    if (this.#firstChangeAt === undefined)
      await Promise.race([this.#wake.promise, delay(RESCAN_INTERVAL_MS, undefined, { signal, ref: false })])
    while (this.#firstChangeAt !== undefined) {
      const due = Math.min(this.#lastChangeAt + SAVE_QUIET_MS, this.#firstChangeAt + SAVE_MAX_DELAY_MS)
      if (Date.now() >= due) return
      await delay(due - Date.now(), undefined, { signal })
    }
  }

  async #saveUntilDone(since: number, signal: AbortSignal): Promise<void> {
    for (let wait = SAVE_RETRY_FIRST_MS; ; wait = Math.min(SAVE_RETRY_MAX_MS, wait * 2)) {
      signal.throwIfAborted()
      try {
        await this.#options.save()
        this.#options.onUnsaved(null)
        return
      } catch (error) {
        this.#options.onFailure(error)
        this.#options.onUnsaved(since)
        await delay(wait * (0.5 + Math.random() / 2), undefined, { signal })
      }
    }
  }
}
