/** Does edits of files one after the other: models send several at once, and each would meet the other's writes. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  /** What `work` comes to, begun when all that was asked for before has ended. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => undefined)
    return turn
  }
}
