/** Wakes one waiter. A ring that nobody waits for is kept for the next, so that none is missed between two waits. */
export interface Bell {
  ring: () => void
  /** Until the next ring, `ms`, or `signal` aborts: whichever comes first. Never throws. */
  wait(ms: number, signal: AbortSignal): Promise<void>
}

export function createBell(): Bell {
  let isRung = false
  let wake: (() => void) | undefined

  return {
    ring: () => {
      isRung = true
      wake?.()
    },
    wait: (ms, signal) =>
      new Promise((resolve) => {
        const done = () => {
          clearTimeout(timer)
          signal.removeEventListener('abort', done)
          wake = undefined
          isRung = false
          resolve()
        }
        const timer = setTimeout(done, ms)
        if (isRung || signal.aborted) return done()
        wake = done
        signal.addEventListener('abort', done)
      }),
  }
}
