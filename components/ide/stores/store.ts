/** What a component reads: the shape that `useSyncExternalStore` asks for. */
export interface Readable<T> {
  getSnapshot(this: void): T
  subscribe(this: void, listener: () => void): () => void
}

/** A value that can be watched. Snapshots are replaced, never changed in place. */
export class Store<T> implements Readable<T> {
  #value: T
  readonly #listeners = new Set<() => void>()

  constructor(initial: T) {
    this.#value = initial
  }

  readonly getSnapshot = (): T => this.#value

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  set(value: T): void {
    if (Object.is(value, this.#value)) return
    this.#value = value
    for (const listener of this.#listeners) listener()
  }

  update(change: (value: T) => T): void {
    this.set(change(this.#value))
  }
}
