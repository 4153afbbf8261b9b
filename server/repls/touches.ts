import type { Log } from '#server/log.ts'
import { MAX_REMEMBERED_WRITES, START_IS_USE_MS, TOUCH_EVERY_MS } from '#server/repls/limits.ts'
import { noSuchRepl } from '#server/repls/store.ts'
import type { ReplStore } from '#server/repls/store.ts'

/** "Someone used it just now", kept to one write a minute for each repl. */
export interface Touches {
  touch(replId: string): void
}

export function createTouches({ store, log, now }: { store: ReplStore; log: Log; now: () => number }): Touches {
  const isDue = createThrottle(TOUCH_EVERY_MS, now)
  const write = async (replId: string) => {
    const at = now()
    // A start is a use, and is written already.
    await store.update(replId, (repl) => (at - repl.lastUsedAt < START_IS_USE_MS ? repl : { ...repl, lastUsedAt: at }))
  }
  return {
    touch: (replId) => {
      if (!isDue(replId)) return
      write(replId).catch((error: unknown) => {
        if (String(error) !== String(noSuchRepl())) log.warn('a use was not recorded', { error: String(error) })
      })
    },
  }
}

/** Whether a key's last `true` is at least `everyMs` ago. Remembers a bounded number of keys, the oldest go first. */
export function createThrottle(everyMs: number, now: () => number): (key: string) => boolean {
  const last = new Map<string, number>()
  return (key) => {
    const at = now()
    if (at - (last.get(key) ?? -Infinity) < everyMs) return false
    last.delete(key)
    last.set(key, at)
    const [oldest] = last.keys()
    if (last.size > MAX_REMEMBERED_WRITES && oldest !== undefined) last.delete(oldest)
    return true
  }
}
