import { MAX_INPUT_STREAMS } from '../limits.ts'
import { InputStream } from './input-stream.ts'
import type { InputSink } from './input-stream.ts'

/** A client's stream of input, for as long as a channel uses it. */
export interface InputInUse {
  readonly stream: InputStream
  /** Whether nothing is known of it from before: it is new, or was forgotten. */
  readonly isNew: boolean
  release: () => void
}

/**
 * What is known of clients' input into one terminal. A stream that no channel uses is kept for a client that comes
 * back; of those, the one that was left longest ago is forgotten first.
 */
export class InputStreams {
  readonly #sink: InputSink
  /** In the order in which they were taken up or left. */
  readonly #streams = new Map<string, InputStream>()
  /** How many channels use which: a connection that is lost without a word still has its own when the next one is there. */
  readonly #uses = new Map<string, number>()

  constructor(sink: InputSink) {
    this.#sink = sink
  }

  /** Takes up the stream called `name`: where it was, or at its beginning. */
  use(name: string): InputInUse {
    const known = this.#streams.get(name)
    const stream = known ?? new InputStream(this.#sink)
    this.#uses.set(name, (this.#uses.get(name) ?? 0) + 1)
    this.#touch(name, stream)
    return { stream, isNew: known === undefined, release: () => this.#release(name, stream) }
  }

  #release(name: string, stream: InputStream): void {
    const others = (this.#uses.get(name) ?? 1) - 1
    if (others > 0) return void this.#uses.set(name, others)
    this.#uses.delete(name)
    this.#touch(name, stream)
  }

  #touch(name: string, stream: InputStream): void {
    this.#streams.delete(name)
    this.#streams.set(name, stream)
    const unused = [...this.#streams.keys()].filter((other) => !this.#uses.has(other))
    for (const forgotten of unused.slice(0, -MAX_INPUT_STREAMS)) this.#streams.delete(forgotten)
  }
}
