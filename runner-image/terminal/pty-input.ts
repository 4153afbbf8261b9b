import { writeSync } from 'node:fs'
import { errnoOf } from '../errors.ts'
import { INPUT_RETRY_FIRST_MS, INPUT_RETRY_MAX_MS } from '../limits.ts'

interface Typed {
  bytes: Uint8Array
  onApplied: () => void
}

/**
 * What is typed into a PTY. It writes to the descriptor itself: Node's own stream (libuv) writes to a PTY as to a
 * blocking file, and goes round and round on the main thread while the program does not read. The kernel takes some
 * kilobytes; the rest waits here, and is offered again at times.
 */
export class PtyInput implements Disposable {
  readonly #fd: number
  #waiting: Typed[] = []
  #waitMs = INPUT_RETRY_FIRST_MS
  #retry: NodeJS.Timeout | undefined
  #isClosed = false

  /** `fd` must not block, and be open until this is disposed of. */
  constructor(fd: number) {
    this.#fd = fd
  }

  /** Writes in order; `onApplied` runs when the PTY has taken the bytes, or will never. */
  write(bytes: Uint8Array, onApplied: () => void): void {
    if (this.#isClosed) return onApplied()
    this.#waiting.push({ bytes, onApplied })
    if (this.#waiting.length === 1) this.#offer()
  }

  /** The descriptor is not touched any more: its number may soon be another file's. */
  [Symbol.dispose](): void {
    this.#isClosed = true
    clearTimeout(this.#retry)
    const dropped = this.#waiting
    this.#waiting = []
    for (const { onApplied } of dropped) onApplied()
  }

  #offer(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const taken = this.#take(first.bytes)
      if (taken > 0) this.#waitMs = INPUT_RETRY_FIRST_MS
      if (taken < first.bytes.length) {
        first.bytes = first.bytes.subarray(taken)
        return this.#offerLater()
      }
      this.#waiting.shift()
      first.onApplied()
    }
  }

  #offerLater(): void {
    this.#retry = setTimeout(() => this.#offer(), this.#waitMs)
    this.#waitMs = Math.min(2 * this.#waitMs, INPUT_RETRY_MAX_MS)
  }

  /** How many bytes are dealt with. Where nobody has the other side open any more, all are: they reach nobody. */
  #take(bytes: Uint8Array): number {
    try {
      return writeSync(this.#fd, bytes)
    } catch (error) {
      return errnoOf(error) === 'EAGAIN' ? 0 : bytes.length
    }
  }
}
