import { AppError } from '#server/errors.ts'
import type { Hold } from '#server/gateway/access-watch.ts'

/** Sockets that are counted together, and how many of them there may be. */
export interface SocketBound {
  key: string
  most: number
  /** Why there is no more room and what to do about it, in what a close frame holds. */
  message: string
}

/** How many sockets each holder has, those that are being opened among them. */
export interface SocketCounts {
  /**
   * The right, counted under each bound until it is released: it is with every socket, however that ends. `rate_limited`
   * where a bound is reached: then nothing is counted, and the right is released.
   */
  count<T>(hold: Hold<T>, bounds: readonly SocketBound[]): Hold<T>
  /** Holders that have any. */
  holders(): number
}

export function createSocketCounts(): SocketCounts {
  const counts = new Map<string, number>()
  const add = (key: string, change: 1 | -1) => {
    const count = (counts.get(key) ?? 0) + change
    if (count > 0) counts.set(key, count)
    else counts.delete(key)
  }
  return {
    count: (hold, bounds) => {
      const full = bounds.find(({ key, most }) => (counts.get(key) ?? 0) >= most)
      if (full !== undefined) {
        hold.release()
        throw new AppError('rate_limited', full.message)
      }
      for (const { key } of bounds) add(key, 1)
      let isCounted = true
      const release = () => {
        hold.release()
        if (!isCounted) return
        isCounted = false
        for (const { key } of bounds) add(key, -1)
      }
      return { ...hold, release }
    },
    holders: () => counts.size,
  }
}
