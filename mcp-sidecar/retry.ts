import { setTimeout as delay } from 'node:timers/promises'
import { MAX_ATTEMPTS, RETRY_FIRST_WAIT_MS, RETRY_MAX_WAIT_MS } from './limits.ts'
import { SidecarError } from './sidecar-error.ts'

/** Tries again, with growing waits, what failed for a reason that may pass, unless that attempt was `isLast`. */
export async function withRetries<T>(
  attempt: () => Promise<T>,
  signal?: AbortSignal,
  isLast: () => boolean = () => false,
): Promise<T> {
  for (let failures = 0; ; failures += 1) {
    try {
      return await attempt()
    } catch (error) {
      if (!mayPass(error) || failures + 1 >= MAX_ATTEMPTS || signal?.aborted || isLast()) throw error
      await delay(waitAfter(failures), undefined, { signal })
    }
  }
}

/** Doubling, with up to half of it random, so that sandboxes that failed together do not come back together. */
function waitAfter(failures: number): number {
  const wait = Math.min(RETRY_MAX_WAIT_MS, RETRY_FIRST_WAIT_MS * 2 ** failures)
  return wait * (0.5 + Math.random() / 2)
}

function mayPass(error: unknown): boolean {
  return error instanceof SidecarError && ['unavailable', 'timeout', 'rate_limited'].includes(error.code)
}
