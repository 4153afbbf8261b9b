import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { toldSchema } from '#server/workspaces/faults/_wire.ts'
import type { Ask, Settings } from '#server/workspaces/faults/_wire.ts'

const PROGRAM = join(import.meta.dirname, '_child.ts')
const MAX_LOG_LINES = 60
const END_LIMIT_MS = 20_000

/** A control plane in a process of its own. */
export class ControlProcess implements AsyncDisposable {
  port = 0
  userId = ''
  cookie = ''
  readonly log: string[] = []
  readonly #process: ChildProcess
  readonly #answers = new Map<number, PromiseWithResolvers<unknown>>()
  readonly #ready = Promise.withResolvers<void>()
  #lastId = 0

  private constructor(child: ChildProcess) {
    this.#process = child
    this.#ready.promise.catch(() => undefined)
    child.on('message', (message) => this.#hear(message))
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (bytes: Buffer) => {
        this.log.push(bytes.toString('utf8').trimEnd())
        this.log.splice(0, this.log.length - MAX_LOG_LINES)
      })
    }
    child.once('exit', () => {
      const gone = new Error(`The control plane is gone:\n${this.log.join('\n')}`)
      this.#ready.reject(gone)
      for (const { reject } of this.#answers.values()) reject(gone)
      this.#answers.clear()
    })
  }

  static async start(settings: Settings): Promise<ControlProcess> {
    const child = fork(PROGRAM, [JSON.stringify(settings)], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    const started = new ControlProcess(child)
    await started.#ready.promise
    return started
  }

  /** Rejects when it refuses, and when it is killed before it answers. */
  ask(call: Ask['call'], replId = ''): Promise<unknown> {
    this.#lastId += 1
    const answer = Promise.withResolvers<unknown>()
    this.#answers.set(this.#lastId, answer)
    if (this.#process.connected) this.#process.send({ id: this.#lastId, call, replId } satisfies Ask, () => undefined)
    else answer.reject(new Error('The control plane is gone.'))
    return answer.promise
  }

  /** Ends it at once; sandboxes go on. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const exited = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await exited
  }

  /** Ends it as a service manager would; at once if it does not. */
  async end(): Promise<void> {
    const late = setTimeout(() => this.#process.kill('SIGKILL'), END_LIMIT_MS)
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const exited = once(this.#process, 'exit')
      this.#process.kill('SIGTERM')
      await exited
    }
    clearTimeout(late)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end()
  }

  #hear(message: unknown): void {
    const told = toldSchema.parse(message)
    if ('port' in told) {
      Object.assign(this, told)
      this.#ready.resolve()
      return
    }
    const answer = this.#answers.get(told.id)
    this.#answers.delete(told.id)
    if ('error' in told) answer?.reject(new Error(told.error))
    else answer?.resolve(told.result)
  }
}
