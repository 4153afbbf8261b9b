import { z } from 'zod'
import { AppError } from '#server/errors.ts'
import type { StateStore } from '#server/state-store/state-store.ts'

const KEY = 'store-since:current'
const sinceSchema = z.object({ format: z.literal(1), since: z.number() })

/**
 * Since when this state store has been in use, in milliseconds since 1970: from then on it has known every REPL. Older
 * sandboxes of REPLs that it does not know were made with a store that is lost.
 */
export async function storeSince(store: StateStore, now: () => number): Promise<number> {
  const record = await store.get(KEY)
  if (record !== undefined) return sinceSchema.parse(record.value).since
  const since = now()
  try {
    await store.put(KEY, { format: 1, since }, { expected: 'absent' })
    return since
  } catch (error) {
    // Another replica was first.
    if (error instanceof AppError && error.code === 'conflict') return await storeSince(store, now)
    throw error
  }
}
