import { AppError } from '#server/errors.ts'
import type { Log } from '#server/log.ts'
import { fromRecord, toJson } from '#server/repls/json.ts'
import { PAGE_SIZE } from '#server/repls/limits.ts'
import type { Quotas } from '#server/repls/quotas.ts'
import { replSchema } from '#server/repls/record.ts'
import type { Repl } from '#server/repls/record.ts'
import { isRefusal } from '#server/repls/repl-events.ts'
import type { Refusal } from '#server/repls/repl-events.ts'
import { retryConflicts } from '#server/repls/retry.ts'
import type { Json, StateStore, StoredRecord } from '#server/state-store/state-store.ts'

/** The repl as it is now, and why a change was refused if it was. */
export interface Outcome {
  repl: Repl
  refusal?: Refusal
}

/**
 * Records of repls. Every change is one transaction with what it does to its owner's quota, and is hinted to watchers; a
 * hint that is lost is no failure of the change, which took place.
 */
export interface ReplStore {
  get(replId: string): Promise<Repl | undefined>
  getMany(replIds: string[]): Promise<Repl[]>
  ofOwner(ownerId: string): Promise<Repl[]>
  /** All repls of this installation, a page at a time. */
  all(): AsyncIterable<Repl>
  insert(repl: Repl): Promise<void>
  /** Applies `change` to the newest record, again where it lost a race. `not_found` if there is none. */
  update(replId: string, change: (repl: Repl) => Repl | Refusal): Promise<Outcome>
  /** Forgets it. */
  remove(repl: Repl): Promise<void>
}

/** Hints about one repl: its record or who may see it changed. */
export function replChannel(replId: string): string {
  return `repl:${replId}`
}

/**
 * Hints that rights in one repl may have changed: all who are there are asked for theirs again, and whoever cannot be
 * confirmed soon is cut off. What else changes in its record (steps of a start, reports of work) is not told here.
 */
export function rightsChannel(replId: string): string {
  return `rights:${replId}`
}

/** Hints about what one person sees in their list. */
export function listChannel(userId: string): string {
  return `repls-of:${userId}`
}

/** `log` is told of hints that were lost. */
export function createReplStore(stateStore: StateStore, quotas: Quotas, log?: Log): ReplStore {
  const read = async (replId: string) => {
    const record = await stateStore.get(keyOf(replId))
    return record === undefined ? undefined : { repl: parse(record), version: record.version }
  }
  const getMany = async (replIds: string[]) => {
    const records = await stateStore.getMany(replIds.map(keyOf))
    return records.flatMap((record) => (record === undefined ? [] : [parse(record)]))
  }
  const hint = async (repl: Repl, changesRights: boolean) => {
    const message: Json = { generation: repl.generation }
    try {
      await Promise.all([
        stateStore.publish(replChannel(repl.id), message),
        stateStore.publish(listChannel(repl.owner.id), message),
        changesRights && stateStore.publish(rightsChannel(repl.id), message),
      ])
    } catch (error) {
      log?.warn('a change could not be hinted; watchers find it by themselves', {
        repl: repl.id,
        error: String(error),
      })
    }
  }

  return {
    getMany,
    get: async (replId) => (await read(replId))?.repl,

    ofOwner: async (ownerId) => {
      const repls: Repl[] = []
      for await (const page of pages(stateStore, indexPrefix(ownerId))) {
        repls.push(...(await getMany(page.map(({ key }) => key.slice(indexPrefix(ownerId).length)))))
      }
      return repls
    },

    all: async function* () {
      for await (const page of pages(stateStore, keyOf(''))) yield* page.map(parse)
    },

    insert: async (repl) => {
      await retryConflicts(async () =>
        stateStore.transact([
          { kind: 'put', key: keyOf(repl.id), value: toJson(repl), expected: 'absent' },
          { kind: 'put', key: indexPrefix(repl.owner.id) + repl.id, value: null, expected: 'any' },
          ...(await quotas.writeFor(undefined, repl)),
        ]),
      )
      await hint(repl, false)
    },

    update: (replId, change) =>
      retryConflicts(async () => {
        const found = await read(replId)
        if (found === undefined) throw noSuchRepl()
        const next = change(found.repl)
        if (isRefusal(next)) return { repl: found.repl, refusal: next }
        if (next === found.repl) return { repl: next }
        await stateStore.transact([
          { kind: 'put', key: keyOf(replId), value: toJson(next), expected: { version: found.version } },
          ...(await quotas.writeFor(found.repl, next)),
        ])
        await hint(next, changesRights(found.repl, next))
        return { repl: next }
      }),

    remove: async (repl) => {
      await retryConflicts(async () =>
        stateStore.transact([
          { kind: 'delete', key: keyOf(repl.id), expected: 'any' },
          { kind: 'delete', key: indexPrefix(repl.owner.id) + repl.id, expected: 'any' },
          ...(await quotas.writeFor(repl, undefined)),
        ]),
      )
      await hint(repl, true)
    },
  }
}

/** Whether somebody may do more or less now, by the repl's own record: who owns it, whether it is there, open ports. */
function changesRights(before: Repl, after: Repl): boolean {
  return (
    before.owner.id !== after.owner.id ||
    (before.state.kind === 'deleted') !== (after.state.kind === 'deleted') ||
    before.publicPorts.length !== after.publicPorts.length ||
    before.publicPorts.some((port) => !after.publicPorts.includes(port))
  )
}

/** Tells that somebody's right in a repl came or went: what they see of it changes with it. */
export async function hintRights(
  stateStore: Pick<StateStore, 'publish'>,
  replId: string,
  message: Json,
): Promise<void> {
  await Promise.all([
    stateStore.publish(rightsChannel(replId), message),
    stateStore.publish(replChannel(replId), message),
  ])
}

/** The one answer for a repl that is not there and for one that the asker may not know. */
export function noSuchRepl(): AppError {
  return new AppError('not_found', 'There is no such REPL, or it is not shared with you.')
}

/** Records under `prefix`, a page at a time. */
export async function* pages(stateStore: StateStore, prefix: string): AsyncIterable<StoredRecord[]> {
  let cursor: string | undefined
  do {
    const page = await stateStore.list(prefix, { limit: PAGE_SIZE, ...(cursor !== undefined && { cursor }) })
    yield page.records
    cursor = page.cursor
  } while (cursor !== undefined)
}

function parse(record: StoredRecord): Repl {
  return fromRecord(replSchema, record)
}

function keyOf(replId: string): string {
  return `repl:${replId}`
}

function indexPrefix(ownerId: string): string {
  return `repl-of:${ownerId}:`
}
