import { RunnerError } from '../errors.ts'
import { MAX_PENDING_INPUT_BYTES } from '../limits.ts'

/** What takes typed bytes. */
export interface InputSink {
  write(bytes: Uint8Array, onApplied: () => void): void
}

/** One client's typing into one terminal: applied in order, each byte at most once, over however many connections. */
export class InputStream {
  readonly #sink: InputSink
  #received = 0
  #applied = 0
  #onApplied: ((offset: number) => void) | undefined

  constructor(sink: InputSink) {
    this.#sink = sink
  }

  /** Bytes that the terminal has taken. */
  get applied(): number {
    return this.#applied
  }

  /** From now on, progress is told to `onApplied`, and to nobody before. */
  follow(onApplied: (offset: number) => void): void {
    this.#onApplied = onApplied
  }

  /** Input from byte `offset` on. What was received before is skipped; a gap is an error, and so is more than waits. */
  receive(offset: number, bytes: Uint8Array): void {
    this.#assertNoGap(offset)
    const fresh = bytes.subarray(this.#received - offset)
    this.#take(fresh.length, fresh)
  }

  /** `length` bytes of input from byte `offset` on, that the program is not to get: they count as applied after what waits. */
  skip(offset: number, length: number): void {
    this.#assertNoGap(offset)
    this.#take(offset + length - this.#received, new Uint8Array())
  }

  #assertNoGap(offset: number): void {
    if (offset <= this.#received) return
    throw new RunnerError('bad_request', `Input from byte ${this.#received} to ${offset} is missing.`)
  }

  /** Counts `length` more bytes of the client's input, of which `bytes` are for the program. */
  #take(length: number, bytes: Uint8Array): void {
    if (length <= 0) return
    if (this.#received + length - this.#applied > MAX_PENDING_INPUT_BYTES)
      throw new RunnerError('rate_limited', 'Too much input was sent that the program has not read.')
    this.#received += length
    this.#sink.write(bytes, () => {
      this.#applied += length
      this.#onApplied?.(this.#applied)
    })
  }
}
