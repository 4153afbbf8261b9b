import { AppError } from '#server/errors.ts'

const MINUTE_MS = 60_000

/** Throws past so many in a minute, from one address or in all. */
export function createRate({ each, all }: { each: number; all: number }, message: string): (address: string) => void {
  const counts = new Map<string, number>()
  let total = 0
  let since = Date.now()
  return (address) => {
    if (Date.now() - since > MINUTE_MS) {
      counts.clear()
      total = 0
      since = Date.now()
    }
    const count = counts.get(address) ?? 0
    // Neither counts what is refused: one who asks too often takes no room from others, nor does their number take memory.
    if (count >= each || total >= all) throw new AppError('rate_limited', message, { advice: 'Try again in a minute.' })
    counts.set(address, count + 1)
    total += 1
  }
}
