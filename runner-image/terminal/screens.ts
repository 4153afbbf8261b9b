import { Worker } from 'node:worker_threads'
import * as z from 'zod'
import { MAX_SCREEN_PAYLOAD_BYTES } from '#protocol/limits.ts'
import { SCREEN_TIMEOUT_MS, SCREEN_WORKER_IDLE_MS } from '../limits.ts'
import type { Log } from '../log.ts'
import type { ScreenRequest } from './screen-messages.ts'

const answerSchema = z.object({ id: z.int(), payload: z.instanceof(Uint8Array) })

/** Draws screens from histories in a worker thread, which lives only while it is needed. */
export class Screens implements AsyncDisposable {
  readonly #log: Log
  #worker: Worker | undefined
  #idle: NodeJS.Timeout | undefined
  #nextId = 1
  readonly #waiting = new Map<number, (payload: Uint8Array | undefined) => void>()

  constructor(log: Log) {
    this.#log = log
  }

  /** Escape sequences that draw what `history` leaves on a terminal. Should that fail, the end of the history itself. */
  async draw(history: Omit<ScreenRequest, 'id'>): Promise<Uint8Array> {
    const id = this.#nextId++
    const payload = await new Promise<Uint8Array | undefined>((resolve) => {
      const timer = setTimeout(() => this.#answer(id, undefined), SCREEN_TIMEOUT_MS)
      this.#waiting.set(id, (drawn) => {
        clearTimeout(timer)
        resolve(drawn)
      })
      try {
        this.#start().postMessage({ id, ...history } satisfies ScreenRequest, [])
      } catch (error) {
        this.#log.error('The thread that draws screens cannot be started.', error)
        this.#answer(id, undefined)
      }
    })
    return payload ?? history.bytes.subarray(-MAX_SCREEN_PAYLOAD_BYTES)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#idle)
    for (const id of this.#waiting.keys()) this.#answer(id, undefined)
    await this.#stop()
  }

  #start(): Worker {
    clearTimeout(this.#idle)
    if (this.#worker !== undefined) return this.#worker
    const file = import.meta.url.endsWith('.ts') ? './screen-worker.ts' : './screen-worker.mjs'
    const worker = new Worker(new URL(file, import.meta.url), { env: {}, execArgv: [] })
    worker.unref()
    worker.on('message', (message: unknown) => {
      const answer = answerSchema.parse(message)
      this.#answer(answer.id, answer.payload)
    })
    worker.on('error', (error) => this.#log.error('The thread that draws screens failed.', error))
    worker.on('exit', () => {
      if (this.#worker !== worker) return
      this.#worker = undefined
      for (const id of this.#waiting.keys()) this.#answer(id, undefined)
    })
    this.#worker = worker
    return worker
  }

  #answer(id: number, payload: Uint8Array | undefined): void {
    const resolve = this.#waiting.get(id)
    this.#waiting.delete(id)
    resolve?.(payload)
    if (this.#waiting.size > 0) return
    clearTimeout(this.#idle)
    this.#idle = setTimeout(() => void this.#stop(), SCREEN_WORKER_IDLE_MS)
    this.#idle.unref()
  }

  async #stop(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
  }
}
