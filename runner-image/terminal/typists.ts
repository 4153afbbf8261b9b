import { isDeviceReport } from '#protocol/device-report.ts'

/** Longest answer to a program's question that is known as one; pages send each in a frame of its own. */
const MAX_REPORT_BYTES = 1024

const ESC = 0x1b

/** Somebody who may type. */
export interface Typist {
  /** Whether somebody looks there, and its screen draws. */
  readonly isPacing: boolean
}

/**
 * Who types into one terminal. A program asks once (where is the cursor? which colours are there?), and every page that
 * draws the question answers: only the answer of the page that is in use counts, or the shell would be typed the rest.
 */
export class Typists {
  /** Who typed last comes first. */
  #order: Typist[] = []

  /** Whether the program is to get what `typist` sends. */
  admits(typist: Typist, bytes: Uint8Array): boolean {
    if (!isAnswer(bytes)) {
      if (this.#order[0] !== typist) this.#order = [typist, ...this.#order.filter((other) => other !== typist)]
      return true
    }
    if (!this.#order.includes(typist)) this.#order.push(typist)
    return typist === (this.#order.find(({ isPacing }) => isPacing) ?? this.#order[0])
  }

  left(typist: Typist): void {
    this.#order = this.#order.filter((other) => other !== typist)
  }
}

/** A report of the focus is no answer: it says who is in use. */
function isAnswer(bytes: Uint8Array): boolean {
  if (bytes[0] !== ESC || bytes.length > MAX_REPORT_BYTES) return false
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  return isDeviceReport(text) && !['[I', '[O'].includes(text.slice(1))
}
