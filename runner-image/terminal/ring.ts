import { RING_START_BYTES } from '../limits.ts'

/**
 * The last bytes of a stream, addressed by their offset since its beginning. Grows by doubling up to `capacity`, then
 * forgets from the front.
 */
export class Ring {
  readonly #capacity: number
  /** Called with bytes about to be forgotten, in order and each once. */
  readonly #onDrop: (bytes: Uint8Array) => void
  #buffer = Buffer.alloc(0)
  #end = 0
  #start = 0

  constructor(capacity: number, onDrop: (bytes: Uint8Array) => void = () => {}) {
    this.#capacity = capacity
    this.#onDrop = onDrop
  }

  /** Offset of the first byte still here. */
  get start(): number {
    return this.#start
  }

  /** Offset after the last byte. */
  get end(): number {
    return this.#end
  }

  append(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += this.#capacity) this.#append(bytes.subarray(at, at + this.#capacity))
  }

  #append(bytes: Uint8Array): void {
    this.#reserve(this.#end - this.#start + bytes.length)
    const excess = this.#end - this.#start + bytes.length - this.#buffer.length
    if (excess > 0) {
      for (const part of this.#parts(this.#start, this.#start + excess)) this.#onDrop(part)
      this.#start += excess
    }
    const at = this.#end % this.#buffer.length
    const first = Math.min(bytes.length, this.#buffer.length - at)
    this.#buffer.set(bytes.subarray(0, first), at)
    this.#buffer.set(bytes.subarray(first), 0)
    this.#end += bytes.length
  }

  /** A copy of the bytes from `from` to `to` (both within `start` and `end`). */
  slice(from: number, to: number): Buffer {
    return Buffer.concat(this.#parts(from, to))
  }

  /** Fills `target` with the bytes from offset `from` on (all of them within `start` and `end`). */
  copy(from: number, target: Uint8Array): void {
    let at = 0
    for (const part of this.#parts(from, from + target.length)) {
      target.set(part, at)
      at += part.length
    }
  }

  #parts(from: number, to: number): Uint8Array[] {
    if (from >= to) return []
    const size = this.#buffer.length
    const at = from % size
    const first = Math.min(to - from, size - at)
    return [this.#buffer.subarray(at, at + first), this.#buffer.subarray(0, to - from - first)]
  }

  #reserve(needed: number): void {
    if (needed <= this.#buffer.length || this.#buffer.length === this.#capacity) return
    let size = Math.max(this.#buffer.length, Math.min(RING_START_BYTES, this.#capacity))
    while (size < needed && size < this.#capacity) size = Math.min(size * 2, this.#capacity)
    const kept = this.slice(this.#start, this.#end)
    this.#buffer = Buffer.allocUnsafeSlow(size)
    const at = this.#start % size
    const first = Math.min(kept.length, size - at)
    this.#buffer.set(kept.subarray(0, first), at)
    this.#buffer.set(kept.subarray(first), 0)
  }
}
