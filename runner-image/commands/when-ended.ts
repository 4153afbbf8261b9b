import { DRAIN_LIMIT_MS, DRAIN_QUIET_MS } from './limits.ts'
import type { Piped } from './pipes.ts'

/** How a process ended: one of the two is `null`. */
interface Ended {
  code: number | null
  signal: string | null
}

/**
 * Calls back once it has ended and its pipes are closed, silent for a while, or were read for `DRAIN_LIMIT_MS`: a
 * background job may hold them, and print on and on. A pipe that is not read, because what it said is not taken yet, is
 * not silent.
 */
export function whenEnded({ child, stdout, stderr }: Piped, onEnded: (exit: Ended) => void): void {
  let exit: Ended | undefined
  let quiet: NodeJS.Timeout | undefined
  let reading: NodeJS.Immediate | undefined
  let isTold = false
  const open = new Set([stdout, stderr])
  const drain = new Stopwatch()
  const stopWaiting = () => {
    clearTimeout(quiet)
    clearImmediate(reading)
  }
  const told = () => {
    if (exit === undefined || isTold) return
    isTold = true
    stopWaiting()
    onEnded(exit)
  }
  const awaitQuiet = () => {
    if (exit === undefined || isTold) return
    stopWaiting()
    if ([...open].some((stream) => stream?.isPaused())) return drain.stop()
    drain.start()
    // Had we no CPU for so long, the time is up before what came meanwhile is read: that is next, then immediates.
    const tellNext = () => (reading = setImmediate(told))
    if (drain.ms >= DRAIN_LIMIT_MS) tellNext()
    else quiet = setTimeout(tellNext, DRAIN_QUIET_MS)
  }
  for (const stream of open) {
    stream?.on('data', awaitQuiet)
    stream?.on('pause', awaitQuiet)
    stream?.on('resume', awaitQuiet)
    stream?.on('close', () => {
      open.delete(stream)
      if (open.size === 0) told()
      else awaitQuiet()
    })
  }
  child.on('exit', (code, signal) => {
    exit = { code, signal }
    if (open.size === 0) told()
    else awaitQuiet()
  })
}

/** Adds up the time between starts and stops. */
class Stopwatch {
  #ms = 0
  #since: number | undefined

  get ms(): number {
    return this.#ms + (this.#since === undefined ? 0 : performance.now() - this.#since)
  }

  start(): void {
    this.#since ??= performance.now()
  }

  stop(): void {
    this.#ms = this.ms
    this.#since = undefined
  }
}
