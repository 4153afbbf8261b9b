import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { McpLimits } from '#server/gateway/mcp/limits.ts'
import type { Meters } from '#server/gateway/mcp/meters.ts'
import type { Log } from '#server/log.ts'
import type { StateStore } from '#server/state-store/state-store.ts'

const CHANNEL = 'agent-use'

const count = z.number().nonnegative()
const toldSchema = z.object({
  from: z.string(),
  news: z.array(
    z.object({ key: z.string(), calls: count, streams: count, callsSpent: count, bytesSpent: count }).readonly(),
  ),
})

interface SharedUseDeps {
  meters: Meters
  stateStore: StateStore
  limits: McpLimits
  log: Log
}

/**
 * Tells the other control planes what agents use through this one, and counts in what they tell: limits are for an agent,
 * not for its way. Hints only: what is lost of them was let in once more.
 */
export function shareUse({ meters, stateStore, limits, log }: SharedUseDeps): AsyncDisposable {
  const me = randomUUID()
  let isTelling = false
  let listening: Promise<AsyncDisposable> | undefined

  const listen = () => {
    listening ??= stateStore.subscribe(CHANNEL, (message) => {
      const told = toldSchema.safeParse(message)
      if (told.success && told.data.from !== me) meters.heard(told.data.from, told.data.news)
    })
    return listening
  }
  const tell = async () => {
    await listen()
    const news = meters.news()
    if (news.length > 0) await stateStore.publish(CHANNEL, { from: me, news: news.map((told) => ({ ...told })) })
  }

  const timer = setInterval(() => {
    if (isTelling) return
    isTelling = true
    tell()
      .catch((error: unknown) => {
        // The next time.
        log.debug('what agents use could not be told', { error: String(error) })
        listening = undefined
      })
      .finally(() => (isTelling = false))
  }, limits.tellUseEveryMs)
  timer.unref()

  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer)
      await (await listening?.catch(() => undefined))?.[Symbol.asyncDispose]()
    },
  }
}
