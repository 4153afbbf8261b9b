import { RequestError } from './request-error.ts'

interface Waiting {
  resolve: (result: unknown) => void
  reject: (error: Error) => void
  timer: ReturnType<typeof setTimeout>
}

/** Requests that were sent and not yet answered, by their id. */
export class PendingRequests {
  readonly #waiting = new Map<number, Waiting>()
  #nextId = 1

  /** A new id, and the answer to it: `timeout` after `limitMs`. */
  add(limitMs: number): { id: number; answer: Promise<unknown> } {
    const id = this.#nextId++
    const answer = new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(
        () => this.reject(id, new RequestError({ code: 'timeout', message: 'The REPL took too long to answer.' })),
        limitMs,
      )
      this.#waiting.set(id, { resolve, reject, timer })
    })
    return { id, answer }
  }

  resolve(id: number, result: unknown): void {
    this.#take(id)?.resolve(result)
  }

  reject(id: number, error: Error): void {
    this.#take(id)?.reject(error)
  }

  rejectAll(error: Error): void {
    for (const id of this.#waiting.keys()) this.reject(id, error)
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return undefined
    clearTimeout(waiting.timer)
    this.#waiting.delete(id)
    return waiting
  }
}
