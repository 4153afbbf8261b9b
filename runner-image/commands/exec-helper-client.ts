import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import * as z from 'zod'
import { RunnerError } from '../errors.ts'
import { endSession, sendSignal } from '../processes/end-processes.ts'
import { readStats } from '../processes/proc.ts'
import type { Exit, Program, ProgramEvents } from '../terminal/pty.ts'
import { FROM_HELPER, HelperFrames, TO_HELPER, encodeHelperFrame } from './helper-frames.ts'
import type { HelperFrame } from './helper-frames.ts'
import type { Configure, StartMessage } from './helper-messages.ts'
import { HELPER_IDLE_MS, HUNG_UP_KILL_AFTER_MS, START_TIMEOUT_MS } from './limits.ts'
import { notStarted, tooSlow } from './not-started.ts'

const startedSchema = z.object({ pid: z.int() })
const exitedSchema = z.object({ code: z.int().nullable(), signal: z.string().nullable() })
const failedSchema = z.object({ errno: z.string().optional(), message: z.string() })

/** A program whose output comes over pipes. */
export interface PipedProgram extends Pick<Program, 'pid' | 'write'> {
  readonly isInputOpen: boolean
  endInput(): void
}

export interface PipedEvents {
  onOutput(stream: 'stdout' | 'stderr', bytes: Uint8Array): void
  onEnd: ProgramEvents['onEnd']
}

interface Running {
  /** The helper that runs it. */
  child: ChildProcess
  events: PipedEvents
  started: PromiseWithResolvers<number>
  /** What to call for each frame of input that the program has not taken yet. */
  onTaken: (() => void)[]
  /** Known once it runs. */
  pid?: number
}

/** Starts commands through the exec helper, which is started at first use and let go when nothing is run for long. */
export class ExecHelper implements Disposable {
  readonly #running = new Map<number, Running>()
  #child: ChildProcess | undefined
  #configured: Configure | undefined
  #idle: NodeJS.Timeout | undefined
  #nextId = 1

  /** Starts a command in `configure`'s environment. Resolves once it runs. */
  async start(message: StartMessage, configure: Configure, events: PipedEvents): Promise<PipedProgram> {
    clearTimeout(this.#idle)
    const child = this.#ensure(configure)
    const id = this.#nextId++
    const started = Promise.withResolvers<number>()
    const running: Running = { child, events, started, onTaken: [] }
    this.#running.set(id, running)
    const timer = setTimeout(() => started.reject(tooSlow()), START_TIMEOUT_MS)
    this.#send(encodeHelperFrame(TO_HELPER.start, id, Buffer.from(JSON.stringify(message))))
    try {
      const pid = await started.promise
      return this.#program(id, pid, running)
    } catch (error) {
      this.#forget(id)
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  /** Lets helper and waiting shells go; what still runs is hung up. */
  [Symbol.dispose](): void {
    clearTimeout(this.#idle)
    this.#child?.stdin?.end()
    this.#child = undefined
    this.#configured = undefined
  }

  #program(id: number, pid: number, { onTaken }: Running): PipedProgram {
    let isInputOpen = true
    return {
      pid,
      get isInputOpen() {
        return isInputOpen
      },
      write: (bytes, onApplied) => {
        if (!this.#running.has(id)) return onApplied()
        onTaken.push(onApplied)
        this.#send(encodeHelperFrame(TO_HELPER.input, id, bytes))
      },
      endInput: () => {
        isInputOpen = false
        this.#send(encodeHelperFrame(TO_HELPER.endInput, id, new Uint8Array()))
      },
    }
  }

  /** Its process id, while there is one. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  #ensure(configure: Configure): ChildProcess {
    const isAlive = this.#child?.exitCode === null && this.#child.signalCode === null
    const child = isAlive && this.#child !== undefined ? this.#child : this.#launch()
    if (this.#configured === configure) return child
    this.#configured = configure
    this.#send(encodeHelperFrame(TO_HELPER.configure, 0, Buffer.from(JSON.stringify(configure))))
    return child
  }

  #launch(): ChildProcess {
    const file = import.meta.url.endsWith('.ts') ? './exec-helper.ts' : './exec-helper.mjs'
    const child = spawn(process.execPath, [...NODE_FLAGS, fileURLToPath(new URL(file, import.meta.url))], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { NODE_ENV: 'production' },
    })
    const frames = new HelperFrames((frame) => this.#take(frame))
    child.stdout.on('data', (bytes: Buffer) => frames.take(bytes))
    child.stdin.on('error', () => {})
    child.on('error', (error) => this.#lost(child, error))
    child.on('close', () => this.#lost(child, undefined))
    this.#child = child
    this.#configured = undefined
    return child
  }

  #send(frame: Buffer): void {
    const stdin = this.#child?.stdin
    if (stdin?.writable === true) stdin.write(frame)
  }

  #take({ kind, command, payload }: HelperFrame): void {
    const running = this.#running.get(command)
    if (kind === FROM_HELPER.started) {
      const { pid } = startedSchema.parse(JSON.parse(payload.toString()))
      // Whoever asked for it was told that it did not start: nobody could find it, or end it.
      if (running === undefined) return void sendSignal(-pid, 'SIGKILL')
      running.pid = pid
      return running.started.resolve(pid)
    }
    if (running === undefined) return
    switch (kind) {
      case FROM_HELPER.stdout:
        return running.events.onOutput('stdout', payload)
      case FROM_HELPER.stderr:
        return running.events.onOutput('stderr', payload)
      case FROM_HELPER.taken:
        return running.onTaken.shift()?.()
      case FROM_HELPER.exited:
        return this.#ended(command, exitedSchema.parse(JSON.parse(payload.toString())))
      case FROM_HELPER.failed: {
        const { errno, message } = failedSchema.parse(JSON.parse(payload.toString()))
        return running.started.reject(notStarted(errno, message))
      }
      default:
    }
  }

  #ended(command: number, exit: Exit): void {
    const running = this.#running.get(command)
    this.#forget(command)
    running?.events.onEnd(exit)
  }

  #forget(command: number): void {
    const running = this.#running.get(command)
    this.#running.delete(command)
    for (const onTaken of running?.onTaken.splice(0) ?? []) onTaken()
    if (this.#running.size > 0) return
    clearTimeout(this.#idle)
    this.#idle = setTimeout(() => this[Symbol.dispose](), HELPER_IDLE_MS)
    this.#idle.unref()
  }

  /** The helper has ended: how its commands would end could not be known any more, so they are hung up. */
  #lost(child: ChildProcess, cause: unknown): void {
    if (child === this.#child) {
      this.#child = undefined
      this.#configured = undefined
    }
    for (const [id, running] of this.#running) {
      if (running.child !== child) continue
      running.started.reject(
        new RunnerError('unavailable', 'The command could not be started.', { cause, advice: 'Try again.' }),
      )
      void this.#hangUp(id, running)
    }
  }

  async #hangUp(id: number, { pid }: Running): Promise<void> {
    const processes = async () => (await readStats()).filter(({ state }) => state !== 'Z')
    if (pid !== undefined)
      await endSession(pid, { processes, signals: ['SIGHUP', 'SIGKILL'], waitMs: HUNG_UP_KILL_AFTER_MS })
    this.#ended(id, { code: null, signal: 'SIGHUP' })
  }
}

/** The helper stays small, because starting a process takes the longer the more memory its parent has. */
const NODE_FLAGS = ['--max-semi-space-size=1', '--disable-warning=ExperimentalWarning']
