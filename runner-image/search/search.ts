import { Worker } from 'node:worker_threads'
import type { z } from 'zod'
import { RunnerError } from '../errors.ts'
import type { Log } from '../log.ts'
import { SEARCH_HANG_MS, SEARCH_WORKER_IDLE_MS } from './limits.ts'
import { searchAnswerSchema } from './search-messages.ts'
import type { GlobAnswer, GlobSearch, GrepAnswer, GrepSearch, SearchRequest } from './search-messages.ts'

type Answer = z.infer<typeof searchAnswerSchema>['answer']

/** Searches files in a thread, which lives only while it is needed. */
export class Search implements AsyncDisposable {
  readonly #log: Log
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  #worker: Worker | undefined
  #idle: NodeJS.Timeout | undefined
  #nextId = 1

  constructor(log: Log) {
    this.#log = log
  }

  async glob(search: Omit<GlobSearch, 'kind'>, signal: AbortSignal): Promise<GlobAnswer> {
    const answer = await this.#ask({ kind: 'glob', ...search }, signal)
    if (answer.kind === 'glob') return answer
    throw refused(answer, search.pattern)
  }

  async grep(search: Omit<GrepSearch, 'kind'>, signal: AbortSignal): Promise<GrepAnswer> {
    const answer = await this.#ask({ kind: 'grep', ...search }, signal)
    if (answer.kind === 'grep') return answer
    throw refused(answer, search.pattern)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#idle)
    await this.#stop('The sandbox is being closed.')
  }

  async #ask(search: SearchRequest, signal: AbortSignal): Promise<Answer> {
    const id = this.#nextId++
    // A thread that hangs in a pattern can only be ended; whoever waits behind it asks again.
    const hang = () => void this.#stop('The search took too long.')
    const timer = setTimeout(hang, SEARCH_HANG_MS)
    try {
      return await new Promise<Answer>((resolve) => {
        this.#waiting.set(id, resolve)
        signal.addEventListener('abort', () => resolve({ kind: 'refused', reason: 'The caller has hung up.' }), { once: true }) // prettier-ignore
        this.#start().postMessage({ id, search }, [])
      })
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(id)
      this.#idle = setTimeout(() => void this.#stop('Nobody searches.'), SEARCH_WORKER_IDLE_MS)
      this.#idle.unref()
    }
  }

  #start(): Worker {
    clearTimeout(this.#idle)
    if (this.#worker !== undefined) return this.#worker
    const file = import.meta.url.endsWith('.ts') ? './search-worker.ts' : './search-worker.mjs'
    const worker = new Worker(new URL(file, import.meta.url), { env: {}, execArgv: [] })
    worker.unref()
    worker.on('message', (message: unknown) => {
      const { id, answer } = searchAnswerSchema.parse(message)
      this.#waiting.get(id)?.(answer)
    })
    worker.on('error', (error) => this.#log.error('The thread that searches failed.', error))
    worker.on('exit', () => {
      if (this.#worker === worker) void this.#stop('The search failed.')
    })
    this.#worker = worker
    return worker
  }

  async #stop(reason: string): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    for (const resolve of this.#waiting.values()) resolve({ kind: 'refused', reason })
    await worker?.terminate()
  }
}

function refused(answer: Answer, pattern: string): RunnerError {
  const reason = answer.kind === 'refused' ? answer.reason : 'The search was answered wrongly.'
  return new RunnerError('bad_request', `The search for ${pattern.slice(0, 100)} failed: ${reason}`, {
    advice: 'Search a smaller folder, or with a simpler pattern.',
  })
}
