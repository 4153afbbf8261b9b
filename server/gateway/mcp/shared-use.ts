import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { McpLimits } from '#server/gateway/mcp/limits.ts'
import type { Meters } from '#server/gateway/mcp/meters.ts'
import type { Log } from '#server/log.ts'
import type { Json, StateStore } from '#server/state-store/state-store.ts'

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

  const hear = (message: Json) => {
    const told = toldSchema.safeParse(message)
    if (told.success && told.data.from !== me) meters.heard(told.data.from, told.data.news)
  }
  const tell = async () => {
    listening ??= stateStore.subscribe(CHANNEL, hear)
    await listening.catch((error: unknown) => {
      // Tried again the next time.
      listening = undefined
      throw error
    })
    const news = meters.news()
    if (news.length > 0) await stateStore.publish(CHANNEL, { from: me, news: news.map((told) => ({ ...told })) })
  }

  const timer = setInterval(() => {
    if (isTelling) return
    isTelling = true
    tell()
      .catch((error: unknown) => log.debug('what agents use could not be told', { error: String(error) }))
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
