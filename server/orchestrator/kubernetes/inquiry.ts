import { sandboxIdSchema } from '#protocol/ids.ts'
import { MAX_ASKED_AT_ONCE, MAX_INQUIRIES } from './limits.ts'

/** What many who ask at a moment are answered together. */
type Answer<T> = Promise<ReadonlyMap<string, T>>

/**
 * Questions about single sandboxes, put to the cluster together: a question waits for nobody while few are being asked,
 * and else for a place in the next list. Each is answered by a list that began after it was asked, so that what another
 * control plane made a moment ago is found.
 */
export class Inquiry<T> {
  readonly #list: (sandboxIds: string[]) => Answer<T>
  /** Those of whom the next lists are. */
  #waiting = new Map<string, PromiseWithResolvers<T | undefined>>()
  #running = 0
  #isDue = false

  /** `list` answers for at most `MAX_ASKED_AT_ONCE` sandboxes, `MAX_INQUIRIES` times at once; those that are not there are missing. */
  constructor(list: (sandboxIds: string[]) => Answer<T>) {
    this.#list = list
  }

  /** As it is now; `undefined`: there is none. Rejects with the signal's reason as soon as that aborts. */
  async ask(sandboxId: string, signal?: AbortSignal): Promise<T | undefined> {
    signal?.throwIfAborted()
    // It stands in a selector with others, which a name that is none would spoil.
    if (!sandboxIdSchema.safeParse(sandboxId).success) return undefined
    const question = this.#waiting.get(sandboxId) ?? Promise.withResolvers<T | undefined>()
    this.#waiting.set(sandboxId, question)
    this.#begin()
    if (signal === undefined) return await question.promise
    const onAbort = () => aborted.reject(signal.reason)
    const aborted = Promise.withResolvers<never>()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      return await Promise.race([question.promise, aborted.promise])
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** Not at once: what is asked in the same breath goes along. */
  #begin(): void {
    if (this.#isDue || this.#running >= MAX_INQUIRIES) return
    this.#isDue = true
    queueMicrotask(() => {
      this.#isDue = false
      while (this.#waiting.size > 0 && this.#running < MAX_INQUIRIES) void this.#inquire()
    })
  }

  async #inquire(): Promise<void> {
    const asked = new Map([...this.#waiting].slice(0, MAX_ASKED_AT_ONCE))
    for (const id of asked.keys()) this.#waiting.delete(id)
    this.#running += 1
    try {
      const answer = await this.#list([...asked.keys()])
      for (const [id, question] of asked) question.resolve(answer.get(id))
    } catch (error) {
      for (const question of asked.values()) question.reject(error)
    } finally {
      this.#running -= 1
      this.#begin()
    }
  }
}
