import type { Exit, Program, ProgramEvents, Size } from '../terminal/pty.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { RunnerError } from '../errors.ts'
import { sendSignal } from '../processes/end-processes.ts'
import { MAX_PENDING_INPUT_BYTES } from '../limits.ts'
import { CANCEL_INTERRUPT_MS, CANCEL_KILL_MS, CANCEL_TERMINATE_MS, INPUT_WAIT_MS } from './limits.ts'
import { CommandLog } from './command-log.ts'

export interface CommandFacts {
  id: string
  /** As people and agents read it. */
  text: string
  /** Absolute. */
  cwd: string
  actor: string
  isTty: boolean
}

/** What runs a command: pipes, or a PTY, which has a size. */
export interface CommandProgram extends Pick<Program, 'pid' | 'write'> {
  /** A terminal's always is. */
  readonly isInputOpen: boolean
  endInput(): void
  resize?: Program['resize']
}

/** A command that an agent started, while it runs and for a while after. */
export class Command {
  readonly facts: CommandFacts
  readonly log = new CommandLog()
  readonly startedAt = Date.now()
  /** Shows it to people. */
  terminal: Terminal | undefined
  #program: CommandProgram | undefined
  #exit: Exit | undefined
  #endedAt: number | undefined
  #pendingInputBytes = 0
  #isTimedOut = false
  #timer: NodeJS.Timeout | undefined
  #cancelling: Promise<void> | undefined
  readonly #ended = Promise.withResolvers<void>()

  constructor(facts: CommandFacts) {
    this.facts = facts
  }

  get pid(): number {
    return this.#program?.pid ?? 0
  }

  get exit(): Exit | undefined {
    return this.#exit
  }

  get endedAt(): number | undefined {
    return this.#endedAt
  }

  get isTimedOut(): boolean {
    return this.#isTimedOut
  }

  /** Resolves when it has ended and its output is in the log. */
  get whenEnded(): Promise<void> {
    return this.#ended.promise
  }

  /** It runs. `timeoutMs`: cancelled after so long; 0 for never. */
  started(program: CommandProgram, timeoutMs: number): void {
    this.#program = program
    if (timeoutMs === 0 || this.#exit !== undefined) return
    this.#timer = setTimeout(() => {
      this.#isTimedOut = true
      void this.cancel()
    }, timeoutMs)
    this.#timer.unref()
  }

  /** It has ended, and no output is to be expected but from what it left behind. */
  readonly end: ProgramEvents['onEnd'] = (exit) => {
    clearTimeout(this.#timer)
    this.#exit = exit
    this.#endedAt = Date.now()
    this.log.finish()
    this.#ended.resolve()
  }

  /**
   * Resolves when the program's side has taken it, or after `INPUT_WAIT_MS`: then it is offered as the program reads.
   * `conflict` where it has no standard input, or that has ended; `rate_limited` where too much waits already.
   */
  async write(bytes: Uint8Array, isEnd: boolean): Promise<void> {
    const program = this.#running()
    if (bytes.length > 0 && !program.isInputOpen)
      throw new RunnerError('conflict', `The standard input of the command ${this.facts.id} is not open.`, {
        advice: 'Start it on a terminal, or with a standard input that is kept.',
      })
    if (this.#pendingInputBytes + bytes.length > MAX_PENDING_INPUT_BYTES)
      throw new RunnerError('rate_limited', `The command ${this.facts.id} has not read what was sent to it before.`, {
        advice: 'Wait until it reads, or give it the rest as a file.',
      })
    const taken = bytes.length > 0 ? this.#input(program, bytes) : undefined
    if (isEnd) program.endInput()
    if (taken !== undefined) await atMost(INPUT_WAIT_MS, taken)
  }

  async #input(program: CommandProgram, bytes: Uint8Array): Promise<void> {
    this.#pendingInputBytes += bytes.length
    await new Promise<void>((resolve) => program.write(bytes, resolve))
    this.#pendingInputBytes -= bytes.length
  }

  resize(size: Size): void {
    const program = this.#running()
    if (program.resize === undefined)
      throw new RunnerError('conflict', `The command ${this.facts.id} has no terminal, so no size.`)
    program.resize(size)
  }

  /** To the whole process group; what an ended command left running in it gets it too. */
  signal(signal: NodeJS.Signals): void {
    const { pid } = this
    if (pid <= 0 || !sendSignal(-pid, signal)) {
      if (this.#exit === undefined) return
      throw this.#hasEnded()
    }
  }

  /** SIGINT, SIGTERM, SIGKILL, with time in between; resolves when it has ended. Concurrent calls join. */
  async cancel(): Promise<void> {
    this.#cancelling ??= this.#cancel()
    await this.#cancelling
  }

  async #cancel(): Promise<void> {
    const steps = [
      ['SIGINT', CANCEL_INTERRUPT_MS],
      ['SIGTERM', CANCEL_TERMINATE_MS],
      ['SIGKILL', CANCEL_KILL_MS],
    ] as const
    for (const [signal, waitMs] of steps) {
      if (this.#exit !== undefined) return
      this.signal(signal)
      await this.ended(waitMs)
    }
  }

  /** Resolves when it has ended, after `waitMs`, or when `signal` aborts. */
  async ended(waitMs: number, signal?: AbortSignal): Promise<void> {
    if (this.#exit !== undefined || signal?.aborted === true) return
    const aborted = Promise.withResolvers<void>()
    const abort = () => aborted.resolve()
    signal?.addEventListener('abort', abort)
    await atMost(waitMs, Promise.race([this.#ended.promise, aborted.promise]))
    signal?.removeEventListener('abort', abort)
  }

  #running(): CommandProgram {
    if (this.#program === undefined || this.#exit !== undefined) throw this.#hasEnded()
    return this.#program
  }

  #hasEnded(): RunnerError {
    return new RunnerError('conflict', `The command ${this.facts.id} has ended.`, {
      advice: 'Its output can still be read. Start another one.',
    })
  }
}

/** Waits for `work`, but no longer than `ms`. */
async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  const over = Promise.withResolvers<void>()
  const timer = setTimeout(over.resolve, ms)
  await Promise.race([work, over.promise])
  clearTimeout(timer)
}
