import type { Observation } from './orchestrator.ts'

/** Tells every observer what changed. Whoever reads slowly is told the newest of each sandbox and nothing older. */
export class Observers {
  readonly #pending = new Set<Pending>()

  publish(observation: Observation): void {
    for (const pending of this.#pending) pending.add(observation)
  }

  /** `initial` is asked for after listening began, so that nothing falls between the two. */
  async *observe(initial: () => Observation[], signal: AbortSignal): AsyncGenerator<Observation> {
    const pending = new Pending()
    const wake = () => pending.wake()
    this.#pending.add(pending)
    signal.addEventListener('abort', wake)
    try {
      for (const observation of initial()) pending.add(observation)
      while (!signal.aborted) {
        const next = pending.take()
        if (next === undefined) await pending.wait()
        else yield next
      }
    } finally {
      this.#pending.delete(pending)
      signal.removeEventListener('abort', wake)
    }
  }

  /** Ends nothing, but wakes everybody: for observers whose signal was aborted elsewhere. */
  get size(): number {
    return this.#pending.size
  }
}

/** At most one observation per sandbox, in the order of the first news about each. */
class Pending {
  readonly #byId = new Map<string, Observation>()
  #news = Promise.withResolvers<void>()

  add(observation: Observation): void {
    this.#byId.set(idOf(observation), observation)
    this.wake()
  }

  wake(): void {
    this.#news.resolve()
  }

  async wait(): Promise<void> {
    await this.#news.promise
    this.#news = Promise.withResolvers()
  }

  take(): Observation | undefined {
    for (const [id, observation] of this.#byId) {
      this.#byId.delete(id)
      return observation
    }
    return undefined
  }
}

function idOf(observation: Observation): string {
  return observation.kind === 'sandbox' ? observation.sandbox.id : observation.sandboxId
}
