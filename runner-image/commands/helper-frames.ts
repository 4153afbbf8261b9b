/** Frames between the runner and its exec helper: kind, command, length, payload. Both ends are of one build. */
export const TO_HELPER = { configure: 1, start: 2, input: 3, endInput: 4 } as const
/** `taken`: the program's side has taken a frame of input, the first of which that was not told; or it never will. */
export const FROM_HELPER = { started: 11, stdout: 12, stderr: 13, exited: 14, failed: 15, taken: 16 } as const

const HEADER_BYTES = 9

export interface HelperFrame {
  kind: number
  /** Which command it is about; 0 for none. */
  command: number
  payload: Buffer
}

/** What precedes a payload of `length` bytes. */
export function encodeHelperHeader(kind: number, command: number, length: number): Buffer {
  const header = Buffer.allocUnsafe(HEADER_BYTES)
  header.writeUInt8(kind, 0)
  header.writeUInt32LE(command, 1)
  header.writeUInt32LE(length, 5)
  return header
}

export function encodeHelperFrame(kind: number, command: number, payload: Uint8Array): Buffer {
  return Buffer.concat([encodeHelperHeader(kind, command, payload.length), payload])
}

/** Takes bytes as they come and hands out whole frames. A payload may be a view of what was taken. */
export class HelperFrames {
  readonly #onFrame: (frame: HelperFrame) => void
  #parts: Buffer[] = []
  #length = 0
  #needed = HEADER_BYTES

  constructor(onFrame: (frame: HelperFrame) => void) {
    this.#onFrame = onFrame
  }

  take(bytes: Buffer): void {
    this.#parts.push(bytes)
    this.#length += bytes.length
    if (this.#length < this.#needed) return
    let all = this.#parts.length === 1 ? bytes : Buffer.concat(this.#parts)
    for (;;) {
      this.#needed = all.length < HEADER_BYTES ? HEADER_BYTES : HEADER_BYTES + all.readUInt32LE(5)
      if (all.length < this.#needed) break
      const [kind, command] = [all.readUInt8(0), all.readUInt32LE(1)]
      const payload = all.subarray(HEADER_BYTES, this.#needed)
      all = all.subarray(this.#needed)
      this.#onFrame({ kind, command, payload })
    }
    this.#parts = all.length === 0 ? [] : [all]
    this.#length = all.length
  }
}
