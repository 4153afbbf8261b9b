import { MAX_REST_MS } from './limits.ts'

interface Turn {
  ended: Promise<void>
  /** The turn after this one, once somebody has asked for it. */
  next?: Promise<void>
}

/**
 * Work by name, never twice at once. Who asks while it is under way may know of something that it began too early for:
 * they get the turn after, which all share who ask by then.
 */
export class Turns {
  readonly #work: (name: string) => Promise<void>
  readonly #turns = new Map<string, Turn>()
  readonly #restsUntil = new Map<string, number>()

  /** `work` never rejects. */
  constructor(work: (name: string) => Promise<void>) {
    this.#work = work
  }

  /** Resolves when work is done that began after this was called. */
  take(name: string): Promise<void> {
    const turn = this.#turns.get(name)
    if (turn === undefined) return this.#begin(name)
    turn.next ??= turn.ended.then(() => this.#begin(name))
    return turn.next
  }

  /**
   * Whether its work is under way, or ended less long ago than it took: who asks whenever something changes waits for
   * this to be over, so that what changes without end leaves time for everything else.
   */
  isResting(name: string): boolean {
    if (this.#turns.has(name)) return true
    const now = performance.now()
    for (const [rested, until] of this.#restsUntil) if (until <= now) this.#restsUntil.delete(rested)
    return this.#restsUntil.has(name)
  }

  #begin(name: string): Promise<void> {
    const turn: Turn = { ended: this.#run(name).then(() => this.#end(name, turn)) }
    this.#turns.set(name, turn)
    return turn.ended
  }

  async #run(name: string): Promise<void> {
    const startedAt = performance.now()
    await this.#work(name)
    const endedAt = performance.now()
    this.#restsUntil.set(name, endedAt + Math.min(endedAt - startedAt, MAX_REST_MS))
  }

  #end(name: string, turn: Turn): void {
    // With a turn to come it goes on: nobody may slip in between.
    if (turn.next === undefined) this.#turns.delete(name)
  }
}
