/**
 * Work that several callers may wait for. It is done once per key; it is aborted when the last caller that still waits
 * gives up.
 */
export class SharedWork {
  readonly #running = new Map<string, Running>()

  /** Joins what runs under `key`, or begins it with `work`. Rejects with `signal`'s reason if that aborts first. */
  async run(key: string, work: (signal: AbortSignal) => Promise<void>, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    const running = this.#running.get(key) ?? this.#begin(key, work)
    running.waiting++
    const given = signal === undefined ? undefined : rejectOnAbort(signal)
    try {
      await (given === undefined ? running.done : Promise.race([running.done, given.promise]))
    } catch (error) {
      running.waiting--
      if (running.waiting === 0 && signal?.aborted === true) {
        running.controller.abort(signal.reason)
        // The last one waits for the cleaning up, so that nothing is left when it is told.
        await running.done.catch(() => {})
      }
      throw error
    } finally {
      given?.stop()
    }
  }

  /** Aborts what runs under `key` and waits for its end. */
  async abort(key: string, reason: Error): Promise<void> {
    const running = this.#running.get(key)
    running?.controller.abort(reason)
    await running?.done.catch(() => {})
  }

  /** Waits for all that runs. */
  async settle(): Promise<void> {
    await Promise.allSettled([...this.#running.values()].map((running) => running.done))
  }

  #begin(key: string, work: (signal: AbortSignal) => Promise<void>): Running {
    const controller = new AbortController()
    const done = work(controller.signal).finally(() => this.#running.delete(key))
    done.catch(() => {})
    const running = { controller, done, waiting: 0 }
    this.#running.set(key, running)
    return running
  }
}

interface Running {
  controller: AbortController
  done: Promise<void>
  waiting: number
}

function rejectOnAbort(signal: AbortSignal): { promise: Promise<never>; stop: () => void } {
  const { promise, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(toError(signal.reason))
  signal.addEventListener('abort', onAbort, { once: true })
  return { promise, stop: () => signal.removeEventListener('abort', onAbort) }
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}
