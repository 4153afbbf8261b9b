import type { Program, ProgramEvents } from '../terminal/pty.ts'
import type { PipedProgram } from './exec-helper-client.ts'

const [INTERRUPT, END_OF_TEXT, NEWLINE, RETURN] = [0x03, 0x04, 0x0a, 0x0d]

interface ScreenOptions {
  program: PipedProgram
  /** Somebody typed Ctrl-C. */
  onInterrupt: () => void
}

/**
 * Shows people a command that runs on pipes as a terminal would: what a terminal's line discipline does for output,
 * echo, Enter, Ctrl-C and Ctrl-D is done here.
 */
export class PipedScreen implements Program {
  readonly #options: ScreenOptions
  readonly #events: ProgramEvents
  #endsWithReturn = false

  constructor(options: ScreenOptions, events: ProgramEvents) {
    this.#options = options
    this.#events = events
  }

  get pid(): number {
    return this.#options.program.pid
  }

  /** Shows output. */
  show(bytes: Uint8Array): void {
    this.#events.onOutput(this.#withReturns(bytes))
  }

  readonly end: ProgramEvents['onEnd'] = (exit) => this.#events.onEnd(exit)

  write(bytes: Uint8Array, onApplied: () => void): void {
    const { program, onInterrupt } = this.#options
    if (bytes.includes(INTERRUPT)) onInterrupt()
    const text = bytes.filter((byte) => byte !== INTERRUPT && byte !== END_OF_TEXT)
    const typed = text.map((byte) => (byte === RETURN ? NEWLINE : byte))
    if (typed.length > 0) this.show(typed)
    program.write(typed, onApplied)
    if (bytes.includes(END_OF_TEXT)) program.endInput()
  }

  /** Pipes have no size, and their output goes to a bounded log whoever watches. */
  resize(): void {}
  pause(): void {}
  resume(): void {}

  /** A line feed that no carriage return precedes gets one (ONLCR, termios(3)). */
  #withReturns(bytes: Uint8Array): Uint8Array {
    const before = this.#endsWithReturn
    if (bytes.length > 0) this.#endsWithReturn = bytes.at(-1) === RETURN
    if (!bytes.includes(NEWLINE)) return bytes
    // A byte at a time: `yes` prints a line every two, and a call for each takes twenty times as long.
    const shown = Buffer.allocUnsafe(bytes.length * 2)
    let length = 0
    let wasReturn = before
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0
      if (byte === NEWLINE && !wasReturn) shown[length++] = RETURN
      shown[length++] = byte
      wasReturn = byte === RETURN
    }
    return shown.subarray(0, length)
  }
}
