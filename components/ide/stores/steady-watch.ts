import type { ErrorCode, WireError } from '#protocol/errors.ts'
import { reconnectDelayMs } from './backoff.ts'

/** What says that one may not look, or that there is nothing to look at. Any other failure says nothing about that. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set(['unauthenticated', 'forbidden', 'not_found', 'gone'])

interface SteadyWatchOptions {
  /** Begins a watch, and gives what ends it. */
  begin(ended: (error: WireError) => void): () => void
  /** A watch has ended: if it was refused, for good. */
  ended(error: WireError, isRefused: boolean): void
}

/** A watch that is begun anew when it failed, after ever longer while it goes on to fail. */
export class SteadyWatch {
  readonly #options: SteadyWatchOptions
  #unwatch: (() => void) | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  /** Watches that failed one after the other. */
  #failures = 0

  constructor(options: SteadyWatchOptions) {
    this.#options = options
  }

  start(): void {
    this.#unwatch = this.#options.begin((error) => this.#ended(error))
  }

  /** It has told something, so it works: its next failure is the first. */
  told(): void {
    this.#failures = 0
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#unwatch?.()
    this.#unwatch = undefined
  }

  #ended(error: WireError): void {
    const isRefused = REFUSALS.has(error.code)
    this.#options.ended(error, isRefused)
    if (isRefused) return
    this.#timer = setTimeout(() => this.start(), reconnectDelayMs(this.#failures, Math.random()))
    this.#failures += 1
  }
}
