import { MAX_CURSORS } from './limits.ts'

/** Up to where each connection has been shown the output of each process. */
export class Cursors {
  readonly #known = new Map<string, number>()

  get(connection: string, process: string): number | undefined {
    return this.#known.get(`${connection} ${process}`)
  }

  set(connection: string, process: string, cursor: number): void {
    const key = `${connection} ${process}`
    this.#known.delete(key)
    this.#known.set(key, cursor)
    const [oldest] = this.#known.keys()
    if (this.#known.size > MAX_CURSORS && oldest !== undefined) this.#known.delete(oldest)
  }
}
