import { AppError } from '#server/errors.ts'
import { certificateAdvice } from '#server/trust.ts'

/** A fault of the server at `host`, or of the way there, in the port's words. */
export function translateRedisError(host: string, error: unknown): AppError {
  if (error instanceof AppError) return error
  const reason = reasonOf(error)
  // Upstash's and Redis's words for a wrong password or a user without the right.
  if (/^(WRONGPASS|NOAUTH|NOPERM|ERR invalid password|Unauthorized)/i.test(reason)) {
    return new AppError('unavailable', `The Redis server ${host} refuses our credentials: ${reason}.`, {
      advice: 'Check REDIS_URL, or UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN.',
    })
  }
  const refusal = REFUSALS.find(({ words }) => words.test(reason))
  if (refusal !== undefined)
    return new AppError('unavailable', `The Redis server ${host} ${refusal.what}.`, { advice: refusal.advice })
  const advice = certificateAdvice(error, 'REDIS_URL (or UPSTASH_REDIS_REST_URL)')
  return new AppError('unavailable', `The Redis server ${host} does not answer: ${reason}.`, {
    ...(advice !== undefined && { advice }),
  })
}

/** What a server says that answers, and takes no writes (https://redis.io/docs/latest/develop/reference/protocol-spec). */
const REFUSALS = [
  {
    words: /^OOM\b/,
    what: 'is full: it has reached its maxmemory',
    advice: 'Raise maxmemory (and the memory of its machine). Nothing of what it holds may be evicted.',
  },
  {
    words: /^READONLY\b/,
    what: 'is a replica and takes no writes',
    advice: 'Point REDIS_URL to the primary, or wait until a failover has ended.',
  },
  { words: /^LOADING\b/, what: 'is reading its data', advice: 'Wait until it has started.' },
  {
    words: /^MISCONF\b/,
    what: 'cannot save its data to its disk, and takes no writes',
    advice: 'Look at its log and at the room on its disk.',
  },
]

/** The refusal of records that a newer Devex wrote. */
export function newerFormatAt(host: string, versions: { found: string; known: number }): AppError {
  return new AppError(
    'not_supported',
    `The records on the Redis server ${host} were written by a newer version of Devex (format ${versions.found}; this one knows up to ${versions.known}).`,
    { advice: 'Update Devex, or use another server.' },
  )
}

/** Without a cause kept: the client's errors quote the whole command, and values may be private. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const detail = error.message === 'fetch failed' && error.cause instanceof Error ? error.cause : error
  const text = detail.message === '' && 'code' in detail ? String(detail.code) : detail.message
  return text.replace(/, command was:.*$/s, '').slice(0, 300)
}
