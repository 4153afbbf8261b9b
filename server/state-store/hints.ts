import type { Json } from '#server/state-store/state-store.ts'

type Listener = (message: Json) => void

/** Who in this process listens to which channel. */
export class Hints {
  readonly #listeners = new Map<string, Set<{ listener: Listener }>>()

  /** Calls `listener` for each message of `channel` until disposed; the same function twice is two subscriptions. */
  add(channel: string, listener: Listener): AsyncDisposable {
    const entry = { listener }
    const entries = this.#listeners.get(channel) ?? new Set()
    this.#listeners.set(channel, entries.add(entry))
    return {
      [Symbol.asyncDispose]: () => {
        entries.delete(entry)
        if (entries.size === 0 && this.#listeners.get(channel) === entries) this.#listeners.delete(channel)
        return Promise.resolve()
      },
    }
  }

  /** Hands `message` to everyone on `channel`, each with a copy of its own. */
  deliver(channel: string, message: Json): void {
    for (const { listener } of this.#listeners.get(channel) ?? []) {
      try {
        listener(structuredClone(message))
      } catch {
        // A hint may be lost, also by a listener that cannot read what another version published: no reason to stop
        // the others, or the process.
      }
    }
  }
}
