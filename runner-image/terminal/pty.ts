import { ReadStream } from 'node:tty'
import { requireBinary } from 'node-pty/requireBinary.js'
import { PTY_DRAIN_LIMIT_MS, PTY_DRAIN_QUIET_MS, PTY_READ_BYTES } from '../limits.ts'
import { PtyInput } from './pty-input.ts'

export interface Size {
  cols: number
  rows: number
}

export interface PtyCommand extends Size {
  file: string
  args: string[]
  /** The whole environment of the process. */
  env: Record<string, string>
  /** Absolute path. */
  cwd: string
}

/** How a process ended: one of the two is `null`. */
export interface Exit {
  code: number | null
  signal: string | null
}

/** What a terminal needs of the program in it. */
export interface Program {
  /** Process id of the session's leader. */
  readonly pid: number
  /** Writes in order; `onApplied` runs when its side has taken the bytes, or will never. */
  write(bytes: Uint8Array, onApplied: () => void): void
  resize(size: Size): void
  pause(): void
  resume(): void
}

export interface ProgramEvents {
  /** Bytes as they were read; the view is reused by the next read. */
  onOutput(bytes: Uint8Array): void
  /** The process has ended and every byte that it wrote has been handed out. */
  onEnd(exit: Exit): void
}

/**
 * A process on a PTY. It owns the PTY's file descriptor instead of using node-pty's own stream, which is destroyed
 * 200 ms after the process ended, with everything in it that a paused reader had not taken yet.
 */
export class Pty implements Program {
  readonly pid: number
  readonly #fd: number
  readonly #stream: ReadStream
  readonly #input: PtyInput
  readonly #events: ProgramEvents
  #exit: Exit | undefined
  #isClosed = false
  #isPaused = false
  #quiet: NodeJS.Timeout | undefined
  #drained: NodeJS.Timeout | undefined

  constructor(command: PtyCommand, events: ProgramEvents) {
    this.#events = events
    const { fd, pid } = requireBinary('pty.node').fork(
      command.file,
      command.args,
      Object.entries(command.env).map(([name, value]) => `${name}=${value}`),
      command.cwd,
      command.cols,
      command.rows,
      -1,
      -1,
      false,
      '',
      (code, signal) => this.#exited(code, signal),
    )
    this.pid = pid
    this.#fd = fd
    this.#input = new PtyInput(fd)
    this.#stream = new ReadStream(fd, {
      onread: {
        buffer: Buffer.allocUnsafeSlow(PTY_READ_BYTES),
        callback: (bytes, buffer) => this.#read(buffer, bytes),
      },
    })
    // Linux says EIO where others say end of file: nobody holds the other side any more.
    this.#stream.on('error', () => this.#close())
    this.#stream.on('end', () => this.#close())
    this.#stream.on('close', () => this.#closed())
    this.#stream.resume()
  }

  /** Writes in order; `onApplied` runs when the PTY has taken the bytes, or will never. */
  write(bytes: Uint8Array, onApplied: () => void): void {
    if (this.#stream.destroyed) this.#input[Symbol.dispose]()
    this.#input.write(bytes, onApplied)
  }

  resize(size: Size): void {
    // The descriptor's number may belong to something else once it is closed.
    if (!this.#isClosed && this.#exit === undefined) requireBinary('pty.node').resize(this.#fd, size.cols, size.rows)
  }

  /** Stops reading, so that the process blocks once the kernel's buffer is full. No effect once it has ended. */
  pause(): void {
    if (this.#isPaused || this.#exit !== undefined) return
    this.#isPaused = true
    this.#stream.pause()
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#stream.resume()
  }

  #read(buffer: Uint8Array, bytes: number): boolean {
    if (this.#exit !== undefined) this.#awaitQuiet()
    this.#events.onOutput(buffer.subarray(0, bytes))
    return !this.#isPaused
  }

  #exited(code: number, signal: number): void {
    this.#exit = signal === 0 ? { code, signal: null } : { code: null, signal: signalName(signal) }
    if (this.#isClosed) return this.#end(this.#exit)
    this.resume()
    // A job in the background may print without end: what it prints from here on is nobody's.
    this.#drained = setTimeout(() => this.#close(), PTY_DRAIN_LIMIT_MS)
    this.#awaitQuiet()
  }

  #awaitQuiet(): void {
    clearTimeout(this.#quiet)
    this.#quiet = setTimeout(() => this.#close(), PTY_DRAIN_QUIET_MS)
  }

  /** Input first: the descriptor is closed with the stream. */
  #close(): void {
    this.#input[Symbol.dispose]()
    this.#stream.destroy()
  }

  #closed(): void {
    this.#isClosed = true
    this.#input[Symbol.dispose]()
    clearTimeout(this.#quiet)
    clearTimeout(this.#drained)
    if (this.#exit !== undefined) this.#end(this.#exit)
  }

  #end(exit: Exit): void {
    this.#events.onEnd(exit)
  }
}

function signalName(signal: number): string {
  return SIGNALS[signal] ?? `signal ${signal}`
}

/** The signals that end programs, by number (signal(7); the same on every Linux that we run on). */
const SIGNALS: Record<number, string | undefined> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  13: 'SIGPIPE',
  14: 'SIGALRM',
  15: 'SIGTERM',
}
