import { AppError } from '#server/errors.ts'

const MINUTE_MS = 60_000

interface RateOptions {
  message: string
  advice?: string
  /** Milliseconds since the epoch. */
  now?: () => number
}

/** Throws past so many in a minute, from one origin (an address, a person, a link) or in all. */
export function createRate(
  { each, all }: { each: number; all: number },
  { message, advice = 'Try again in a minute.', now = Date.now }: RateOptions,
): (origin: string) => void {
  const counts = new Map<string, number>()
  let total = 0
  let since = now()
  return (origin) => {
    if (now() - since > MINUTE_MS) {
      counts.clear()
      total = 0
      since = now()
    }
    const count = counts.get(origin) ?? 0
    // Neither counts what is refused: one who asks too often takes no room from others, nor does their number take memory.
    if (count >= each || total >= all) throw new AppError('rate_limited', message, { advice })
    counts.set(origin, count + 1)
    total += 1
  }
}
