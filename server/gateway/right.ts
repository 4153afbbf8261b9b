import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '#server/errors.ts'
import type { GatewayLimits } from '#server/gateway/limits.ts'

/** The answer to "may they?": facts about the right, and when it ends by itself (ms since the epoch). */
export interface Decision {
  expiresAt?: number
}

interface RightOptions<T extends Decision> {
  first: T
  /** Throws an `AppError` that refuses, where the right is gone. */
  decide: () => Promise<T>
  limits: GatewayLimits
  /** Where it stands while it lasts. */
  rights: Set<Right>
}

/** A right in use. `signal` aborts with an `AppError` when it is gone. */
export interface Right {
  readonly signal: AbortSignal
  /**
   * Asks again; `isUrgent` where it may just have been lost: no answer in time then ends it. Urgent questions keep a
   * distance, and one is for all changes that came while it waited: whoever brings about many burdens nobody with as many.
   */
  readonly confirm: (isUrgent: boolean) => void
  readonly stop: () => void
}

const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Keeps asking whether a right still stands, on request and when it expires. */
export function watchRight<T extends Decision>({ first, decide, limits, rights }: RightOptions<T>): Right {
  const gone = new AbortController()
  let expiry: NodeJS.Timeout | undefined
  let isStopped = false
  let failures = 0
  /** Whether an urgent question is about to be asked, and when the last one was (ms, of `performance.now`). */
  let isDue = false
  let askedAt = -Infinity

  const isOver = () => isStopped
  const stop = () => {
    isStopped = true
    clearTimeout(expiry)
    rights.delete(right)
  }
  const end = (reason: AppError) => {
    if (isStopped) return
    stop()
    gone.abort(reason)
  }

  function armExpiry({ expiresAt }: Decision): void {
    clearTimeout(expiry)
    if (expiresAt === undefined) return
    const left = expiresAt - Date.now()
    if (left <= 0) return end(new AppError('forbidden', 'Your access has expired.'))
    expiry = setTimeout(() => confirm(true), Math.min(left, LONGEST_TIMER_MS))
    expiry.unref()
  }

  /** Whether the question was answered. */
  async function ask(): Promise<boolean> {
    try {
      const decision = await decide()
      failures = 0
      if (!isStopped) armExpiry(decision)
      return true
    } catch (error) {
      if (isRefusal(error)) end(error)
      return isRefusal(error)
    }
  }

  async function confirmUrgently(): Promise<void> {
    if (isDue) return
    isDue = true
    const deadline = setTimeout(() => end(unconfirmed()), limits.recheckLimitMs)
    const wait = askedAt + limits.recheckDistanceMs - performance.now()
    if (wait > 0) await delay(wait)
    isDue = false
    askedAt = performance.now()
    while (!isOver() && !(await ask())) await delay(limits.recheckRetryMs)
    clearTimeout(deadline)
  }

  async function confirmCalmly(): Promise<void> {
    if (await ask()) return
    failures += 1
    if (failures >= limits.recheckFailures) end(unconfirmed())
  }

  function confirm(isUrgent: boolean): void {
    if (!isStopped) void (isUrgent ? confirmUrgently() : confirmCalmly())
  }

  const right: Right = { signal: gone.signal, confirm, stop }
  rights.add(right)
  armExpiry(first)
  return right
}

function unconfirmed(): AppError {
  return new AppError('unavailable', 'Your access could not be confirmed.', { advice: 'Try again.' })
}

/** Whether an error says that there is no such right, or another one now, rather than that nobody could be asked. */
function isRefusal(error: unknown): error is AppError {
  if (!(error instanceof AppError)) return false
  return ['unauthenticated', 'forbidden', 'not_found', 'gone', 'conflict'].includes(error.code)
}
