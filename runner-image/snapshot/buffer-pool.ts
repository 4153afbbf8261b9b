/**
 * Buffers that a pool keeps: some more than two transfers and a pack in the making give back at once. Those that come in
 * growing sizes fit nobody after them, and would all be kept.
 */
const MAX_FREE_BUFFERS = 16

/**
 * Large buffers that are used again: left to the garbage collector, hundreds of megabytes of them would pile up before
 * it looks at memory outside its heap.
 */
export class BufferPool {
  readonly #free: Buffer[] = []

  /** A buffer of at least so many bytes, with anything in it. */
  take(bytes: number): Buffer {
    const at = this.#free.findIndex((buffer) => buffer.length >= bytes && buffer.length <= 2 * bytes)
    const [found] = at === -1 ? [] : this.#free.splice(at, 1)
    return found ?? Buffer.allocUnsafeSlow(bytes)
  }

  /** Gives back what `take` gave, or a view of it, that nobody uses any more. */
  give(view: Buffer): void {
    const buffer = Buffer.from(view.buffer)
    if (!this.#free.some((free) => free.buffer === buffer.buffer)) this.#free.push(buffer)
    // What lay there for the longest time.
    if (this.#free.length > MAX_FREE_BUFFERS) this.#free.shift()
  }
}
