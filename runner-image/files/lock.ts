/** Runs what it is given one after the other, in the order of the calls. */
export class Lock {
  #last: Promise<unknown> = Promise.resolve()
  #refusal: Error | undefined
  #closing = new AbortController()
  readonly #alongside = new Set<Promise<unknown>>()

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#refusal !== undefined) throw this.#refusal
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => {})
    return turn
  }

  /** Runs what takes long at once, and holds up nobody. `close` breaks it off by the signal and waits until it has ended. */
  async alongside<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#refusal !== undefined) throw this.#refusal
    const running = work(this.#closing.signal)
    const ended = running.then(
      () => {},
      () => {},
    )
    this.#alongside.add(ended)
    try {
      return await running
    } finally {
      this.#alongside.delete(ended)
    }
  }

  /** Resolves when all that was begun has ended; what comes after is refused until `open`. */
  async close(refusal: Error): Promise<void> {
    this.#refusal = refusal
    this.#closing.abort(refusal)
    await Promise.all([this.#last, ...this.#alongside])
  }

  open(): void {
    this.#refusal = undefined
    this.#closing = new AbortController()
  }
}
