/** The course of one piece of work, for any number of readers that come and go. A slow one gets the newest line only. */
export class Progress<T> {
  #newest: T | undefined
  #ended = false
  #wake = Promise.withResolvers<void>()

  emit(line: T): void {
    this.#newest = line
    this.#notify()
  }

  /** The last line. */
  end(line: T): void {
    this.#ended = true
    this.emit(line)
  }

  get hasEnded(): boolean {
    return this.#ended
  }

  get newest(): T | undefined {
    return this.#newest
  }

  /** The newest line, then every one that comes while the reader keeps up, to the end. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    let seen: T | undefined
    for (;;) {
      const wake = this.#wake.promise
      const line = this.#newest
      if (line !== undefined && line !== seen) {
        seen = line
        yield line
        continue
      }
      if (this.#ended) return
      await wake
    }
  }

  #notify(): void {
    this.#wake.resolve()
    this.#wake = Promise.withResolvers()
  }
}
