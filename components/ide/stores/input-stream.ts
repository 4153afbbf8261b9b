import { MAX_FRAME_PAYLOAD_BYTES } from '#protocol/limits.ts'

interface Chunk {
  offset: number
  bytes: Uint8Array
}

/**
 * What was typed into one terminal and not yet confirmed as applied. Offsets go on over reconnects, so that what was
 * lost on the way is sent again and nothing is applied twice.
 */
export class InputStream {
  #chunks: Chunk[] = []
  #end = 0
  /** Everything before it is applied. */
  #confirmed = 0

  /** Adds typed bytes, in pieces that fit a frame. */
  push(bytes: Uint8Array): void {
    for (let start = 0; start < bytes.length; start += MAX_FRAME_PAYLOAD_BYTES) {
      const piece = bytes.subarray(start, start + MAX_FRAME_PAYLOAD_BYTES)
      this.#chunks.push({ offset: this.#end, bytes: piece })
      this.#end += piece.length
    }
  }

  /** Everything before `offset` is applied. */
  confirm(offset: number): void {
    this.#confirmed = Math.max(this.#confirmed, offset)
    this.#chunks = this.#chunks.flatMap((chunk) => {
      const done = offset - chunk.offset
      if (done <= 0) return [chunk]
      return done >= chunk.bytes.length ? [] : [{ offset, bytes: chunk.bytes.subarray(done) }]
    })
  }

  /** What has to be sent (again), in order. */
  unconfirmed(): readonly Chunk[] {
    return this.#chunks
  }

  /**
   * Begins at 0 again, for a runner that remembers nothing of this client. What was sent before `sentTo` may have been
   * applied and is not sent again: a command lost is better than a command run twice.
   */
  restart(sentTo: number): void {
    const kept = this.#chunks.filter((chunk) => chunk.offset >= sentTo)
    this.#chunks = []
    this.#end = 0
    this.#confirmed = 0
    for (const chunk of kept) this.push(chunk.bytes)
  }

  get end(): number {
    return this.#end
  }

  get confirmed(): number {
    return this.#confirmed
  }
}
