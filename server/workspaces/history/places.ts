import { AppError } from '#server/errors.ts'

export interface PlaceLimits {
  /** Places taken at a time, in all and by one holder. */
  total: number
  each: number
  /** Who waits for one, in all and of one holder. */
  waiting: number
  waitingEach: number
  /** How long one waits, in milliseconds. */
  waitMs: number
}

/** Room for work that needs much memory. Whoever finds none waits their turn; one holder never has all of it. */
interface Places {
  /**
   * Takes so many places, given back by disposing. `rate_limited` where too many wait already or it took too long. More
   * than `each` are never to be had.
   */
  take(holder: string, count?: number): Promise<Disposable>
}

interface Asked {
  holder: string
  count: number
  admit: (places: Disposable) => void
}

/** `message` says what there are too many of. */
export function createPlaces({ total, each, waiting, waitingEach, waitMs }: PlaceLimits, message: string): Places {
  const held = new Map<string, number>()
  const line = new Set<Asked>()
  let taken = 0

  const heldBy = (holder: string) => held.get(holder) ?? 0
  const tooMany = () => new AppError('rate_limited', message, { advice: 'Try again in a moment.' })

  function occupy({ holder, count }: Asked): Disposable {
    taken += count
    held.set(holder, heldBy(holder) + count)
    let isGivenBack = false
    return {
      [Symbol.dispose]: () => {
        if (isGivenBack) return
        isGivenBack = true
        taken -= count
        const left = heldBy(holder) - count
        if (left > 0) held.set(holder, left)
        else held.delete(holder)
        admitNext()
      },
    }
  }

  function admitNext(): void {
    for (const asked of line) {
      // Who has their share already lets the others go first …
      if (heldBy(asked.holder) + asked.count > each) continue
      // … but nobody else overtakes: one that needs two places would wait for ever.
      if (taken + asked.count > total) return
      line.delete(asked)
      asked.admit(occupy(asked))
    }
  }

  return {
    take: async (holder, count = 1) => {
      const { promise, resolve, reject } = Promise.withResolvers<Disposable>()
      const asked: Asked = { holder, count, admit: resolve }
      line.add(asked)
      admitNext()
      if (!line.has(asked)) return promise
      const own = [...line].filter((other) => other.holder === holder).length
      if (line.size > waiting || own > waitingEach) {
        line.delete(asked)
        throw tooMany()
      }
      const timer = setTimeout(() => {
        line.delete(asked)
        reject(tooMany())
        // It may have been in the way of one that needs less.
        admitNext()
      }, waitMs)
      return promise.finally(() => clearTimeout(timer))
    },
  }
}
