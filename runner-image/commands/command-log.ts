import { Ring } from '../terminal/ring.ts'
import { COMMAND_LOG_BYTES, MAX_STREAM_CHANGES } from './limits.ts'

export type OutputStream = 'stdout' | 'stderr' | 'pty'

/** A piece of output; the next cursor is `cursor + data.length`. `lost`: bytes before it that are gone. */
export interface Piece {
  stream: OutputStream
  data: Buffer
  cursor: number
  lost: number
}

/**
 * What a command has printed: the latest bytes, by their offset since the beginning. Streams stand in the order in which
 * they came; characters of UTF-8 are kept whole.
 */
export class CommandLog {
  readonly #ring = new Ring(COMMAND_LOG_BYTES)
  /** Beginnings of characters whose rest has not come yet. */
  readonly #partial = new Map<OutputStream, Buffer>()
  readonly #listeners = new Set<() => void>()
  #changes: { at: number; stream: OutputStream }[] = []

  get start(): number {
    return this.#ring.start
  }

  get end(): number {
    return this.#ring.end
  }

  append(stream: OutputStream, bytes: Uint8Array): void {
    const before = this.#partial.get(stream)
    const all =
      before === undefined ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length) : Buffer.concat([before, bytes])
    const whole = wholeCharacters(all)
    if (whole < all.length) this.#partial.set(stream, Buffer.from(all.subarray(whole)))
    else this.#partial.delete(stream)
    this.#add(stream, all.subarray(0, whole))
  }

  /** No more comes: what began a character is handed out as it is. */
  finish(): void {
    for (const [stream, bytes] of this.#partial) this.#add(stream, bytes)
    this.#partial.clear()
  }

  /** Pieces from `cursor` on, at most `maxBytes` (and at least one character, if there is any). */
  read(cursor: number, maxBytes: number): Piece[] {
    const pieces: Piece[] = []
    const from = Math.min(Math.max(cursor, this.#firstWhole()), this.end)
    let at = from
    let left = maxBytes
    while (at < this.end && left > 0) {
      const { stream, until } = this.#streamAt(at)
      let data = this.#ring.slice(at, Math.min(until, at + left))
      if (at + data.length < until) data = data.subarray(0, wholeCharacters(data) || data.length)
      pieces.push({ stream, data, cursor: at, lost: at === from ? Math.max(0, from - cursor) : 0 })
      at += data.length
      left -= data.length
    }
    return pieces
  }

  /** Calls back whenever there is more; the function ends that. */
  onMore(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  #add(stream: OutputStream, bytes: Uint8Array): void {
    if (bytes.length === 0) return
    if (this.#changes.at(-1)?.stream !== stream) {
      this.#changes.push({ at: this.end, stream })
      if (this.#changes.length > MAX_STREAM_CHANGES) this.#changes.splice(0, MAX_STREAM_CHANGES / 2)
    }
    this.#ring.append(bytes)
    for (const listener of this.#listeners) listener()
  }

  #streamAt(at: number): { stream: OutputStream; until: number } {
    const index = this.#changes.findLastIndex((change) => change.at <= at)
    const until = this.#changes[index + 1]?.at ?? this.end
    return { stream: this.#changes[index]?.stream ?? 'stdout', until }
  }

  /** Where the log begins, past the rest of a character whose beginning was forgotten. */
  #firstWhole(): number {
    const { start } = this.#ring
    if (start === 0) return 0
    const head = this.#ring.slice(start, Math.min(start + 3, this.end))
    const skipped = head.findIndex((byte) => !isContinuation(byte))
    return start + (skipped === -1 ? 0 : skipped)
  }
}

/** How many of `bytes` make whole characters: those of one that is cut off at the end do not count. */
export function wholeCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if (isContinuation(byte)) continue
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return length > back ? bytes.length - back : bytes.length
  }
  return bytes.length
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80
}
