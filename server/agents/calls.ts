import { createHash } from 'node:crypto'
import { z } from 'zod'
import { agentCallSchema } from '#protocol/agents.ts'
import type { AgentCall, AgentCallsPage } from '#protocol/agents.ts'
import { toolDefinitions } from '#protocol/tools/tools.ts'
import {
  CALLS_PER_PAGE,
  CALL_TTL_MS,
  MAX_CALLS_PER_REPL,
  MAX_REMEMBERED_CALLS,
  TRIM_EVERY_REPORTS,
  WATCHED_CALLS,
  WATCH_POLL_MS,
} from '#server/agents/limits.ts'
import { agentsChannel } from '#server/agents/connection-record.ts'
import type { Log } from '#server/log.ts'
import type { Metrics } from '#server/metrics/metrics.ts'
import { createBell } from '#server/repls/bell.ts'
import { fromRecord, toJson } from '#server/repls/json.ts'
import { pages } from '#server/repls/store.ts'
import type { Json, StateStore, StoredRecord } from '#server/state-store/state-store.ts'

/** Later times come first in key order. */
const END_OF_TIME = 9_999_999_999_999

const hintSchema = z.union([
  z.object({ kind: z.literal('calls'), keys: z.array(z.string()) }),
  z.object({ kind: z.literal('connections') }),
])

export type AgentEvent = { kind: 'calls'; calls: AgentCall[] } | { kind: 'connections' }

/** What agents did in each REPL, newest first; bounded, and kept for a week. */
export interface CallLog {
  /** Calls that began or ended, as the sidecar of a REPL's sandbox tells. Writes the audit log's lines. */
  report(replId: string, calls: AgentCall[]): Promise<void>
  page(replId: string, before?: string): Promise<AgentCallsPage>
  /** The snapshot from before a run's first change, if one was taken. */
  checkpointOf(replId: string, run: string): Promise<string | undefined>
  watch(replId: string, signal: AbortSignal): AsyncIterable<AgentEvent>
}

interface CallLogDeps {
  stateStore: StateStore
  metrics: Pick<Metrics, 'callEnded'>
  log: Log
}

export function createCallLog(deps: CallLogDeps): CallLog {
  const { stateStore } = deps
  const reports = new Map<string, number>()

  const trim = async (replId: string) => {
    let seen = 0
    for await (const page of pages(stateStore, prefixOf(replId))) {
      for (const { key } of page) {
        seen += 1
        if (seen > MAX_CALLS_PER_REPL) await stateStore.delete(key, 'any')
      }
    }
  }

  const all = async function* (replId: string): AsyncIterable<AgentCall> {
    for await (const page of pages(stateStore, prefixOf(replId))) yield* page.map(parse)
  }

  return {
    report: async (replId, calls) => {
      for (const call of calls) if (call.endedAt !== undefined) audit(deps, replId, { ...call, endedAt: call.endedAt })
      const latest = new Map(calls.map((call) => [keyOf(replId, call), call]))
      await stateStore.transact(
        [...latest].map(([key, call]) => ({
          kind: 'put',
          key,
          value: toJson(call),
          expected: 'any',
          ttlMs: CALL_TTL_MS,
        })),
      )
      await stateStore.publish(agentsChannel(replId), { kind: 'calls', keys: [...latest.keys()] })
      const count = (reports.get(replId) ?? 0) + 1
      reports.set(replId, count % TRIM_EVERY_REPORTS)
      if (count % TRIM_EVERY_REPORTS === 0) await trim(replId)
    },

    page: async (replId, before) => {
      const calls: AgentCall[] = []
      let isPast = before === undefined
      for await (const call of all(replId)) {
        if (isPast) calls.push(call)
        else isPast = call.id === before
        if (calls.length > CALLS_PER_PAGE) break
      }
      return { calls: calls.slice(0, CALLS_PER_PAGE), hasMore: calls.length > CALLS_PER_PAGE }
    },

    checkpointOf: async (replId, run) => {
      let found: string | undefined
      for await (const call of all(replId)) if (call.run === run) found = call.checkpoint ?? found
      return found
    },

    watch: (replId, signal) => watchCalls(stateStore, replId, signal),
  }
}

async function* watchCalls(stateStore: StateStore, replId: string, signal: AbortSignal): AsyncIterable<AgentEvent> {
  const bell = createBell()
  const hinted = new Set<string>()
  // The first word says that it is followed: what was asked for before may have missed something.
  let isOtherList = true
  await using _hints = await stateStore.subscribe(agentsChannel(replId), (message: Json) => {
    const hint = hintSchema.safeParse(message)
    if (hint.data?.kind === 'connections') isOtherList = true
    if (hint.data?.kind === 'calls') for (const key of hint.data.keys) hinted.add(key)
    bell.ring()
  })
  const shown = new Map<string, string>()
  while (!signal.aborted) {
    if (isOtherList) {
      isOtherList = false
      yield { kind: 'connections' }
    }
    const keys = [...hinted]
    hinted.clear()
    const hintedRecords = (await stateStore.getMany(keys)).filter((record) => record !== undefined)
    const newest = keys.length > 0 ? [] : (await stateStore.list(prefixOf(replId), { limit: WATCHED_CALLS })).records
    const changed = [...hintedRecords, ...newest].filter(({ key, version }) => shown.get(key) !== version)
    for (const { key, version } of changed) remember(shown, key, version)
    if (changed.length > 0) yield { kind: 'calls', calls: changed.map(parse) }
    await bell.wait(WATCH_POLL_MS, signal)
  }
}

function remember(shown: Map<string, string>, key: string, version: string): void {
  shown.delete(key)
  shown.set(key, version)
  const [oldest] = shown.keys()
  if (shown.size > MAX_REMEMBERED_CALLS && oldest !== undefined) shown.delete(oldest)
}

/** A sidecar tells which tools were called, and what is in a sandbox is not to be believed: other names count as one. */
const TOOLS = new Set(toolDefinitions.map(({ name }) => name))

/** Who did what and how it ended; never what was in it. */
function audit({ log, metrics }: CallLogDeps, replId: string, call: AgentCall & { endedAt: number }): void {
  const ms = Math.max(0, Math.round(call.endedAt - call.startedAt))
  metrics.callEnded({ tool: TOOLS.has(call.tool) ? call.tool : 'other', ok: call.ok === true }, ms / 1000)
  log.info('agent call', {
    repl: replId,
    connection: call.connection,
    actor: call.actor,
    client: call.client,
    tool: call.tool,
    ok: call.ok,
    ms,
    run: call.run,
  })
}

function parse(record: StoredRecord): AgentCall {
  return fromRecord(agentCallSchema, record)
}

function prefixOf(replId: string): string {
  return `agent-call:${replId}:`
}

/** Newest first; a call that ended replaces itself. */
function keyOf(replId: string, { id, startedAt }: AgentCall): string {
  const age = Math.min(END_OF_TIME, Math.max(0, END_OF_TIME - Math.floor(startedAt)))
  const name = createHash('sha256').update(id).digest('hex').slice(0, 32)
  return `${prefixOf(replId)}${String(age).padStart(13, '0')}:${name}`
}
