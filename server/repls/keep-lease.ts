import { AppError } from '#server/errors.ts'
import type { Log } from '#server/log.ts'
import type { Lease } from '#server/state-store/state-store.ts'

/**
 * Renews a lease of `ms` while it is used. `lost` aborts when somebody else may have it: when the store says so, and when
 * none has said otherwise for `ms`. An attempt that failed proves nothing.
 */
export function keepLease(
  lease: Lease,
  { ms, log }: { ms: number; log: Log },
): AsyncDisposable & { lost: AbortSignal } {
  const lost = new AbortController()
  const lose = () => lost.abort(new AppError('unavailable', 'The lease was lost.'))
  let isOver = false
  let renewedAt = performance.now()
  let end = setTimeout(lose, ms)
  const renew = async () => {
    const askedAt = performance.now()
    try {
      if (!(await lease.renew())) return lose()
      // The answer to a question of before may come after the answer to a later one, and then says less.
      if (isOver || askedAt < renewedAt) return
      renewedAt = askedAt
      clearTimeout(end)
      end = setTimeout(lose, ms - (performance.now() - askedAt))
    } catch (error) {
      log.warn('a lease could not be renewed', { error: String(error) })
    }
  }
  const timer = setInterval(() => void renew(), ms / 3)
  return {
    lost: lost.signal,
    [Symbol.asyncDispose]: async () => {
      isOver = true
      clearInterval(timer)
      clearTimeout(end)
      await lease[Symbol.asyncDispose]()
    },
  }
}
