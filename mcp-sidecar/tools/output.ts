import { stripVTControlCharacters } from 'node:util'
import { CAREFUL_CHARS, HEAD_SHARE, MAX_LINE_CHARS } from '#protocol/tools/limits.ts'
import type { OutputPiece } from '../runner/runner-api.ts'
import { KEPT_CHARS } from './limits.ts'

const decoder = new TextDecoder()

/** Output as it comes, of which the beginning and the end are kept. */
export class Output {
  #head = ''
  #tail = ''
  #chars = 0
  /** Of the first byte, and after the last. */
  start: number
  end: number
  lost = 0

  constructor(cursor: number) {
    this.start = cursor
    this.end = cursor
  }

  add(piece: Pick<OutputPiece, 'data' | 'cursor' | 'lost'>): void {
    const text = decoder.decode(piece.data)
    if (this.#chars === 0) this.start = piece.cursor
    this.lost += piece.lost
    this.end = piece.cursor + piece.data.length
    this.#chars += text.length
    const room = KEPT_CHARS - this.#head.length
    this.#head += text.slice(0, Math.max(0, room))
    this.#tail += text.slice(Math.max(0, room))
    if (this.#tail.length > 2 * KEPT_CHARS) this.#tail = this.#tail.slice(-KEPT_CHARS)
  }

  get isEmpty(): boolean {
    return this.#chars === 0
  }

  /** Characters in all. */
  get chars(): number {
    return this.#chars
  }

  /** The last line that says something. */
  get lastLine(): string {
    const text = plain((this.#tail === '' ? this.#head : this.#tail).slice(-2000))
    return text.trimEnd().split('\n').at(-1)?.trim() ?? ''
  }

  /**
   * All of it in at most `maxChars`; `rest` says how what is left out after a cursor is read. That stands where it is cut
   * and again in the last line: some clients cut the middle of a result once more.
   */
  render(maxChars: number, rest: (cursor: number) => string): { text: string; isCut: boolean } {
    const gap = this.#chars - this.#head.length - this.#tail.length
    const lost = this.lost > 0 ? `[${count(this.lost)} bytes before this are not kept any more]\n` : ''
    const whole = plain(this.#head + (gap > 0 ? '' : this.#tail))
    if (gap <= 0 && whole.length <= maxChars) return { text: lost + cutLines(whole), isCut: false }
    const headChars = Math.floor(maxChars * HEAD_SHARE)
    const rawHead = this.#head.slice(0, headChars)
    const tail = plain(gap > 0 ? this.#tail : this.#head + this.#tail).slice(headChars - maxChars)
    const left = this.#chars - rawHead.length - tail.length
    const cursor = this.start + Buffer.byteLength(rawHead)
    const leftOut = `${count(left)} of ${count(this.#chars)} characters left out; ${rest(cursor)}`
    const text = joinLines(`${lost}${cutLines(plain(rawHead))}\n\n[… ${leftOut} …]\n\n${cutLines(tail)}`, `[${leftOut}`)
    return {
      text: `${text}; should you see less than that, ask for ${count(CAREFUL_CHARS)} characters at a time]`,
      isCut: true,
    }
  }
}

/** `last` on a line of its own. */
export function joinLines(text: string, last: string): string {
  return text === '' || text.endsWith('\n') ? text + last : `${text}\n${last}`
}

/** Text cut in the middle, with a marker that says how to get the rest. */
export function cutMiddle(text: string, maxChars: number, advice: string): string {
  if (text.length <= maxChars) return text
  const headChars = Math.floor(maxChars * HEAD_SHARE)
  const left = text.length - maxChars
  return `${text.slice(0, headChars)}\n\n[… ${count(left)} of ${count(text.length)} characters left out; ${advice} …]\n\n${text.slice(headChars - maxChars)}`
}

/** Without control sequences, with plain line breaks. */
function plain(text: string): string {
  return stripVTControlCharacters(text).replaceAll('\r\n', '\n')
}

/** With overlong lines cut. */
export function cutLines(text: string): string {
  if (text.length <= MAX_LINE_CHARS) return text
  return text
    .split('\n')
    .map((line) => (line.length > MAX_LINE_CHARS ? cutLine(line) : line))
    .join('\n')
}

function cutLine(line: string): string {
  const left = line.length - MAX_LINE_CHARS
  return `${line.slice(0, MAX_LINE_CHARS)} [… ${count(left)} more characters in this line: fold -w 1000 shows them]`
}

export function count(number: number): string {
  return number.toLocaleString('en-US')
}
