import { AppError } from '#server/errors.ts'

const MINUTE_MS = 60_000

/** Throws past so many in a minute, from one address or in all. */
export function createRate({ each, all }: { each: number; all: number }, message: string): (address: string) => void {
  const counts = new Map<string, number>()
  let since = Date.now()
  return (address) => {
    if (Date.now() - since > MINUTE_MS) {
      counts.clear()
      since = Date.now()
    }
    for (const [key, most] of [
      [address, each],
      ['', all],
    ] as const) {
      const count = (counts.get(key) ?? 0) + 1
      counts.set(key, count)
      if (count > most) throw new AppError('rate_limited', message, { advice: 'Try again in a minute.' })
    }
  }
}
