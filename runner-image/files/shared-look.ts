/**
 * Something that takes long to find out and that many may ask for: one look at a time. Who asks during one shares the
 * look after it, since this one may have begun too early for what they know of.
 */
export class SharedLook<T> {
  readonly #look: () => Promise<T>
  #current: Promise<T> | undefined
  #next: Promise<T> | undefined

  constructor(look: () => Promise<T>) {
    this.#look = look
  }

  ask(): Promise<T> {
    if (this.#current === undefined) return this.#begin()
    const begin = (): Promise<T> => this.#begin()
    this.#next ??= this.#current.then(begin, begin)
    return this.#next
  }

  #begin(): Promise<T> {
    this.#next = undefined
    const look = this.#look().finally(() => {
      if (this.#next === undefined) this.#current = undefined
    })
    this.#current = look
    return look
  }
}
