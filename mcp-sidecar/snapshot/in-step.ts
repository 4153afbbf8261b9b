import type { SnapshotEntry } from '#snapshot/entry.ts'
import { compareEntries } from '#snapshot/tree-order.ts'
import type { Place } from './saved-tree.ts'

/** Goes through the segments of a snapshot in step with a walk, so that no more than a few are in memory. */
export class InStep {
  readonly #segments: AsyncIterator<readonly SnapshotEntry[]>
  readonly #onPassed: (entry: SnapshotEntry) => void
  #entries: readonly SnapshotEntry[] = []
  #at = 0

  /** `onPassed` is told of what was not asked for. */
  constructor(
    segments: AsyncIterable<readonly SnapshotEntry[]>,
    onPassed: (entry: SnapshotEntry) => void = () => undefined,
  ) {
    this.#segments = segments[Symbol.asyncIterator]()
    this.#onPassed = onPassed
  }

  /** The entry at a place, which must come after the one that was asked for before. */
  async find(place: Place): Promise<SnapshotEntry | undefined> {
    for (let entry = await this.#next(); entry !== undefined; entry = await this.#next()) {
      const order = compareEntries(entry, place)
      if (order > 0) return undefined
      this.#at += 1
      if (order === 0) return entry
      this.#onPassed(entry)
    }
    return undefined
  }

  /** Passes all that is left. */
  async finish(): Promise<void> {
    for (let entry = await this.#next(); entry !== undefined; entry = await this.#next()) {
      this.#at += 1
      this.#onPassed(entry)
    }
  }

  async #next(): Promise<SnapshotEntry | undefined> {
    while (this.#at === this.#entries.length) {
      const next = await this.#segments.next()
      if (next.done === true) return undefined
      this.#entries = next.value
      this.#at = 0
    }
    return this.#entries[this.#at]
  }
}
