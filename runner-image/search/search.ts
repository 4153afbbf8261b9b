import { Worker } from 'node:worker_threads'
import * as z from 'zod'
import type { FoundFile } from '#protocol/text-search.ts'
import { RunnerError } from '../errors.ts'
import type { Log } from '../log.ts'
import { MAX_WAITING_SEARCHES, SEARCH_HANG_MS, SEARCH_WORKER_IDLE_MS } from './limits.ts'
import { searchAnswerSchema, searchNewsSchema } from './search-messages.ts'
import type {
  FindAnswer,
  FindSearch,
  GlobAnswer,
  GlobSearch,
  GrepAnswer,
  GrepSearch,
  SearchRequest,
} from './search-messages.ts'

const messageSchema = z.union([searchAnswerSchema, searchNewsSchema])
type Answer = z.infer<typeof searchAnswerSchema>['answer']

interface Job {
  id: number
  search: SearchRequest
  answer: (answer: Answer) => void
  /** Told what was found while the search goes on. */
  tell: (found: FoundFile[]) => void
}

interface Follow {
  /** Ends the search. */
  signal: AbortSignal
  tell?: (found: FoundFile[]) => void
}

/** Searches files in a thread, which lives only while it is needed: one search at a time, a number of others wait here. */
export class Search implements AsyncDisposable {
  readonly #log: Log
  readonly #waiting: Job[] = []
  /** What the thread is at, and until when it may be. */
  #current: { job: Job; hang: NodeJS.Timeout } | undefined
  #worker: Worker | undefined
  #idle: NodeJS.Timeout | undefined
  #nextId = 1

  constructor(log: Log) {
    this.#log = log
  }

  async glob(search: Omit<GlobSearch, 'kind'>, signal: AbortSignal): Promise<GlobAnswer> {
    const answer = await this.#ask({ kind: 'glob', ...search }, { signal })
    if (answer.kind === 'glob') return answer
    throw refused(answer, search.pattern)
  }

  async grep(search: Omit<GrepSearch, 'kind'>, signal: AbortSignal): Promise<GrepAnswer> {
    const answer = await this.#ask({ kind: 'grep', ...search }, { signal })
    if (answer.kind === 'grep') return answer
    throw refused(answer, search.pattern)
  }

  /** Places where a text stands; `tell` is called with them as they are found. */
  async find(search: Omit<FindSearch, 'kind'>, follow: Required<Follow>): Promise<FindAnswer> {
    const answer = await this.#ask({ kind: 'find', ...search }, follow)
    if (answer.kind === 'find') return answer
    throw refused(answer, search.query.text)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const reason = 'The sandbox is being closed.'
    for (const { answer } of this.#waiting.splice(0)) answer({ kind: 'refused', reason })
    await this.#stop(reason)
    clearTimeout(this.#idle)
  }

  async #ask(search: SearchRequest, { signal, tell = () => {} }: Follow): Promise<Answer> {
    const reason = 'The caller has hung up.'
    if (signal.aborted) return { kind: 'refused', reason }
    if (this.#waiting.length >= MAX_WAITING_SEARCHES)
      throw new RunnerError('unavailable', `Too many searches wait in this repl: ${MAX_WAITING_SEARCHES}.`, {
        advice: 'Try again when some of them have been answered.',
      })
    const { promise, resolve } = Promise.withResolvers<Answer>()
    const job = { id: this.#nextId++, search, answer: resolve, tell }
    const hangUp = () => {
      if (this.#current?.job === job) return void this.#stop(reason)
      const at = this.#waiting.indexOf(job)
      if (at !== -1) this.#waiting.splice(at, 1)
      resolve({ kind: 'refused', reason })
    }
    signal.addEventListener('abort', hangUp, { once: true })
    this.#waiting.push(job)
    this.#next()
    try {
      return await promise
    } finally {
      signal.removeEventListener('abort', hangUp)
    }
  }

  #next(): void {
    if (this.#current !== undefined) return
    clearTimeout(this.#idle)
    const job = this.#waiting.shift()
    if (job === undefined) {
      this.#idle = setTimeout(() => void this.#stop('Nobody searches.'), SEARCH_WORKER_IDLE_MS)
      this.#idle.unref()
      return
    }
    // A thread that hangs in a pattern can only be ended; who waits behind it gets another.
    const hang = setTimeout(() => void this.#stop('The search took too long.'), SEARCH_HANG_MS)
    this.#current = { job, hang }
    this.#start().postMessage({ id: job.id, search: job.search }, [])
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker
    const file = import.meta.url.endsWith('.ts') ? './search-worker.ts' : './search-worker.mjs'
    const worker = new Worker(new URL(file, import.meta.url), { env: {}, execArgv: [] })
    worker.unref()
    worker.on('message', (message: unknown) => {
      const told = messageSchema.parse(message)
      if (this.#current?.job.id !== told.id) return
      if ('answer' in told) this.#finish(told.answer)
      else this.#current.job.tell(told.found)
    })
    worker.on('error', (error) => this.#log.error('The thread that searches failed.', error))
    worker.on('exit', () => {
      if (this.#worker === worker) void this.#stop('The search failed.')
    })
    this.#worker = worker
    return worker
  }

  #finish(answer: Answer): void {
    clearTimeout(this.#current?.hang)
    this.#current?.job.answer(answer)
    this.#current = undefined
    this.#next()
  }

  /** Ends the thread, and the search that it is at. */
  async #stop(reason: string): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    if (this.#current !== undefined) this.#finish({ kind: 'refused', reason })
    await worker?.terminate()
  }
}

function refused(answer: Answer, pattern: string): RunnerError {
  const { reason, advice = SMALLER } = answer.kind === 'refused' ? answer : { reason: 'It was answered wrongly.' }
  return new RunnerError('bad_request', `The search for ${pattern.slice(0, 100)} failed: ${reason}`, { advice })
}

const SMALLER = 'Search a smaller folder, or with a simpler pattern.'
