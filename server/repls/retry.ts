import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '#server/errors.ts'
import { MAX_WRITE_ATTEMPTS, WRITE_RETRY_MS } from '#server/repls/limits.ts'

/** Does `attempt` again while it loses races; each time it must read anew. */
export async function retryConflicts<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      const isLostRace = error instanceof AppError && error.code === 'conflict'
      if (!isLostRace) throw error
      if (tries === MAX_WRITE_ATTEMPTS) {
        throw new AppError('unavailable', 'Too many changes at once.', { cause: error, advice: 'Try again.' })
      }
      await delay(Math.random() * WRITE_RETRY_MS)
    }
  }
}
