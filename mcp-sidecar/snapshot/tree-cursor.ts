import { compareEntries } from '#snapshot/tree-order.ts'
import type { Place, SavedEntry, SavedTree } from './saved-tree.ts'

/** Looks things up in the last snapshot, fast if they are asked for in its order: one segment is in memory at a time. */
export class TreeCursor {
  readonly #tree: SavedTree
  #number = -1
  #entries: SavedEntry[] = []
  #at = 0

  constructor(tree: SavedTree) {
    this.#tree = tree
  }

  find(place: Place): SavedEntry | undefined {
    const next = this.#entries[this.#at]
    if (next?.entry.path === place.path && next.entry.root === place.root) return this.#take()
    if (this.#tree.segments.length === 0) return undefined
    if (!this.#isInOpenSegment(place)) this.#open(this.#tree.segmentAt(place))
    const passed = this.#entries[this.#at - 1]
    if (passed !== undefined && compareEntries(passed.entry, place) >= 0) this.#at = 0
    for (let entry = this.#entries[this.#at]; entry !== undefined; entry = this.#entries[this.#at]) {
      const order = compareEntries(entry.entry, place)
      if (order === 0) return this.#take()
      if (order > 0) return undefined
      this.#at += 1
    }
    return undefined
  }

  #take(): SavedEntry | undefined {
    const entry = this.#entries[this.#at]
    this.#at += 1
    // On to the next segment at once: what is asked for next is most likely its first entry.
    if (this.#at === this.#entries.length && this.#number + 1 < this.#tree.segments.length) this.#open(this.#number + 1)
    return entry
  }

  #isInOpenSegment(place: Place): boolean {
    const segment = this.#tree.segments[this.#number]
    if (segment === undefined || compareEntries(segment.first, place) > 0) return false
    const next = this.#tree.segments[this.#number + 1]
    return next === undefined || compareEntries(next.first, place) > 0
  }

  #open(number: number): void {
    const segment = this.#tree.segments[number]
    this.#number = number
    this.#entries = segment === undefined ? [] : this.#tree.read(segment)
    this.#at = 0
  }
}
