import { z } from 'zod'
import { newId, opaqueIdSchema } from '#protocol/ids.ts'
import { nameForOthers } from '#server/auth/principal.ts'
import type { Principal } from '#server/auth/principal.ts'
import type { Log } from '#server/log.ts'
import { toJson } from '#server/repls/json.ts'
import { COMPANY_EVERY_MS, COMPANY_KEEP_MS, COMPANY_RENEW_MS, MAX_COMPANY } from '#server/repls/limits.ts'
import { retryConflicts } from '#server/repls/retry.ts'
import type { PersonView } from '#server/repls/views.ts'
import type { StateStore, StoredRecord } from '#server/state-store/state-store.ts'

/**
 * Who has a page of a repl open, for lists of repls. One record for each repl that somebody is in, of which every control
 * plane writes its own part: once a minute, and at most every few seconds where people come and go. A control plane that
 * died is forgotten after `COMPANY_KEEP_MS`.
 */
export interface Company extends Disposable {
  /** Somebody has opened a page, until they call the answer. */
  join(replId: string, who: Principal): () => void
  /** Those who are in each of the repls; of a repl in which nobody is, nothing. */
  of(replIds: string[]): Promise<Map<string, PersonView[]>>
}

const partSchema = z.object({
  until: z.number(),
  people: z.array(z.object({ id: opaqueIdSchema, name: z.string(), hasAvatar: z.boolean() })),
})
/** By control plane. */
const companySchema = z.record(z.string(), partSchema)
type Parts = z.infer<typeof companySchema>

interface CompanyDeps {
  stateStore: Pick<StateStore, 'get' | 'getMany' | 'put' | 'delete'>
  log: Log
  now: () => number
}

export function createCompany({ stateStore, log, now }: CompanyDeps): Company {
  const self = newId()
  /** By repl, one for each page. */
  const pages = new Map<string, Set<{ who: PersonView }>>()
  const due = new Map<string, NodeJS.Timeout>()

  const ownPart = (replId: string) => {
    const people = new Map([...(pages.get(replId) ?? [])].map(({ who }) => [who.id, who]))
    return { until: now() + COMPANY_KEEP_MS, people: [...people.values()].slice(0, MAX_COMPANY) }
  }

  const write = async (replId: string) => {
    await retryConflicts(async () => {
      const record = await stateStore.get(keyOf(replId))
      const others = Object.entries(livePartsOf(record, now())).filter(([id]) => id !== self)
      const own = ownPart(replId)
      const parts: Parts = Object.fromEntries(own.people.length === 0 ? others : [...others, [self, own]])
      const expected = record === undefined ? ('absent' as const) : { version: record.version }
      if (Object.keys(parts).length > 0) {
        await stateStore.put(keyOf(replId), toJson(parts), { expected, ttlMs: COMPANY_KEEP_MS })
      } else if (expected !== 'absent') {
        await stateStore.delete(keyOf(replId), expected)
      }
    })
  }

  const schedule = (replId: string) => {
    if (due.has(replId)) return
    const timer = setTimeout(() => {
      due.delete(replId)
      write(replId).catch((error: unknown) => {
        log.warn('who is in a REPL was not recorded', { repl: replId, error: String(error) })
      })
    }, COMPANY_EVERY_MS)
    due.set(replId, timer.unref())
  }

  const renewal = setInterval(() => {
    for (const replId of pages.keys()) schedule(replId)
  }, COMPANY_RENEW_MS).unref()

  return {
    join: (replId, who) => {
      const page = { who: { id: who.id, name: nameForOthers(who), hasAvatar: who.kind === 'user' && who.hasAvatar } }
      const there = pages.get(replId) ?? new Set()
      pages.set(replId, there.add(page))
      schedule(replId)
      return () => {
        there.delete(page)
        if (there.size === 0 && pages.get(replId) === there) pages.delete(replId)
        schedule(replId)
      }
    },

    of: async (replIds) => {
      const records = await stateStore.getMany(replIds.map(keyOf))
      return new Map(
        records.flatMap((record, index) => {
          const replId = replIds[index]
          const people = Object.values(livePartsOf(record, now())).flatMap((part) => part.people)
          const once = [...new Map(people.map((person) => [person.id, person])).values()]
          return replId === undefined || once.length === 0 ? [] : [[replId, once]]
        }),
      )
    },

    [Symbol.dispose]: () => {
      clearInterval(renewal)
      for (const timer of due.values()) clearTimeout(timer)
      due.clear()
    },
  }
}

function livePartsOf(record: StoredRecord | undefined, at: number): Parts {
  // Of a form that this version does not know: no list may fail over it.
  const { data = {} } = companySchema.safeParse(record?.value)
  return Object.fromEntries(Object.entries(data).filter(([, { until }]) => until > at))
}

function keyOf(replId: string): string {
  return `company:${replId}`
}
