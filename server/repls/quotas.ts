import { z } from 'zod'
import { replIdSchema } from '#protocol/ids.ts'
import { AppError } from '#server/errors.ts'
import { fromRecord, toJson } from '#server/repls/json.ts'
import { RESERVATION_MS } from '#server/repls/limits.ts'
import { isRunningPlace } from '#server/repls/record.ts'
import type { Repl } from '#server/repls/record.ts'
import type { StateStore, Write } from '#server/state-store/state-store.ts'

const quotaSchema = z.object({
  format: z.literal(1),
  /** Ids, not counts: writing one twice changes nothing. */
  repls: z.array(replIdSchema),
  running: z.array(replIdSchema),
  /** Places of creates under way; one that never finished gives its place back. */
  reserved: z.array(z.object({ id: replIdSchema, at: z.number() })),
})
type Quota = z.output<typeof quotaSchema>

export interface QuotaLimits {
  replsPerUser: number
  runningReplsPerUser: number
}

/** What one user takes of what one user may have, written in the same transaction as the repl it is about. */
export interface Quotas {
  /** Holds a place for a repl to be; `quota_exceeded` if there is none. */
  reserve(ownerId: string, replId: string, at: number): Promise<void>
  /** `quota_exceeded` if there is no place now; holds none. */
  requireRoom(ownerId: string, at: number): Promise<void>
  /** Gives back a place that was held. */
  release(ownerId: string, replId: string): Promise<void>
  /** Whether one more may run now. */
  canRun(ownerId: string): Promise<boolean>
  /** The write that must go with a change of a repl (`undefined`: it is gone); `quota_exceeded` if it takes too much. */
  writeFor(before: Repl | undefined, after: Repl | undefined): Promise<Write[]>
}

export function createQuotas(stateStore: StateStore, limits: QuotaLimits): Quotas {
  const read = async (ownerId: string) => {
    const record = await stateStore.get(keyOf(ownerId))
    const expected = record === undefined ? ('absent' as const) : { version: record.version }
    return { quota: record === undefined ? EMPTY : fromRecord(quotaSchema, record), expected }
  }

  /** The places held, if there is one more. */
  const withRoom = ({ repls, reserved }: Quota, at: number) => {
    const held = reserved.filter((place) => at - place.at < RESERVATION_MS)
    if (repls.length + held.length >= limits.replsPerUser) throw tooManyRepls(limits)
    return held
  }

  return {
    requireRoom: async (ownerId, at) => void withRoom((await read(ownerId)).quota, at),

    reserve: async (ownerId, replId, at) => {
      const { quota, expected } = await read(ownerId)
      const reserved = withRoom(quota, at)
      const next = { ...quota, reserved: [...reserved, { id: replId, at }] }
      await stateStore.put(keyOf(ownerId), toJson(next), { expected })
    },

    release: async (ownerId, replId) => {
      const { quota, expected } = await read(ownerId)
      const next = { ...quota, reserved: quota.reserved.filter((place) => place.id !== replId) }
      await stateStore.put(keyOf(ownerId), toJson(next), { expected })
    },

    canRun: async (ownerId) => (await read(ownerId)).quota.running.length < limits.runningReplsPerUser,

    writeFor: async (before, after) => {
      const repl = after ?? before
      if (repl === undefined || isSamePlace(before, after)) return []
      const { quota, expected } = await read(repl.owner.id)
      const next = {
        format: quota.format,
        repls: place(quota.repls, repl.id, isOwned(after)),
        running: place(quota.running, repl.id, after !== undefined && isRunningPlace(after)),
        reserved: quota.reserved.filter(({ id }) => id !== repl.id),
      }
      // A place that was held counts as taken already.
      const taken = next.repls.length + next.reserved.length
      if (taken > quota.repls.length + quota.reserved.length && taken > limits.replsPerUser) throw tooManyRepls(limits)
      if (next.running.length > quota.running.length && next.running.length > limits.runningReplsPerUser) {
        throw tooManyRunning(limits)
      }
      return [{ kind: 'put', key: keyOf(repl.owner.id), value: toJson(next), expected }]
    },
  }
}

const EMPTY: Quota = { format: 1, repls: [], running: [], reserved: [] }

function keyOf(ownerId: string): string {
  return `quota:${ownerId}`
}

function isOwned(repl: Repl | undefined): boolean {
  return repl !== undefined && repl.state.kind !== 'deleted'
}

function isSamePlace(before: Repl | undefined, after: Repl | undefined): boolean {
  const runs = (repl: Repl | undefined) => repl !== undefined && isRunningPlace(repl)
  return isOwned(before) === isOwned(after) && runs(before) === runs(after)
}

function place(ids: string[], id: string, isIn: boolean): string[] {
  const others = ids.filter((other) => other !== id)
  return isIn ? [...others, id] : others
}

function tooManyRepls({ replsPerUser }: QuotaLimits): AppError {
  return new AppError('quota_exceeded', `You have ${replsPerUser} REPLs, which is all you may own.`, {
    advice: 'Delete one that you no longer need.',
  })
}

function tooManyRunning({ runningReplsPerUser }: QuotaLimits): AppError {
  return new AppError(
    'quota_exceeded',
    `${runningReplsPerUser} REPLs of one owner run, which is all that may at a time.`,
    {
      advice: 'Stop one of them first.',
    },
  )
}
