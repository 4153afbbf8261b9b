import { boundedBytes } from '#server/bounded-bytes.ts'
import { AppError, SlowBody } from '#server/errors.ts'

/**
 * Forms, calls and token requests come whole within so long. Anybody may send them, and what came is held until then;
 * files, which are written as they come, have as long as a slow line needs.
 */
export const SMALL_BODY_MS = 30_000

export interface BodyBounds {
  maxBytes: number
  limitMs?: number
  tooLarge: () => Error
  tooSlow?: (limitMs: number) => Error
}

/** All bytes of a small body, or what `tooLarge` or `tooSlow` makes is thrown. */
export async function bodyInTime(
  body: AsyncIterable<unknown>,
  { maxBytes, limitMs = SMALL_BODY_MS, tooLarge, tooSlow = slowBody }: BodyBounds,
): Promise<Buffer<ArrayBuffer>> {
  const late = new AbortController()
  const isOver = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    const error = tooSlow(limitMs)
    late.abort(error)
    isOver.reject(error)
  }, limitMs)
  try {
    return await Promise.race([boundedBytes(until(late.signal, body), maxBytes, tooLarge), isOver.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** What is read when it is too late ends with the line, which the refusal closes; if that stays, with the next piece. */
async function* until(signal: AbortSignal, body: AsyncIterable<unknown>): AsyncGenerator {
  for await (const chunk of body) {
    signal.throwIfAborted()
    yield chunk
  }
}

function slowBody(limitMs: number): AppError {
  return new AppError('timeout', `The body of the request did not come within ${limitMs / 1000} s.`, {
    cause: new SlowBody(),
    advice: 'Send it again, whole and at once.',
  })
}
