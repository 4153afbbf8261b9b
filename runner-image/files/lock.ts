/** Runs what it is given one after the other, in the order of the calls. */
export class Lock {
  #last: Promise<unknown> = Promise.resolve()
  #refusal: Error | undefined

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#refusal !== undefined) throw this.#refusal
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => {})
    return turn
  }

  /** Resolves when all that was begun has ended; what comes after is refused until `open`. */
  async close(refusal: Error): Promise<void> {
    this.#refusal = refusal
    await this.#last
  }

  open(): void {
    this.#refusal = undefined
  }
}
