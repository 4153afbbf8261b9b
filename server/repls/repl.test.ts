import { describe, expect, test } from 'vitest'
import { RESTORE_WINDOW_MS, STABLE_AFTER_MS } from '#server/repls/limits.ts'
import { isRunningPlace, replSchema, sandboxOf } from '#server/repls/record.ts'
import type { Repl, ReplState } from '#server/repls/record.ts'
import { isRefusal } from '#server/repls/repl-events.ts'
import { transition } from '#server/repls/repl.ts'
import type { ReplEvent, ReplEventType } from '#server/repls/repl-events.ts'

const AT = 1_000_000
const GENERATION = 7
const SANDBOX = 's234567890123456'
const error = { code: 'unavailable', message: 'broken' } as const

function replIn(state: ReplState): Repl {
  return {
    format: 1,
    id: 'a234567890123456',
    name: 'Tool',
    template: 'node',
    source: { kind: 'template' },
    owner: { id: 'u234567890123456', name: 'Ada' },
    generation: GENERATION,
    fence: 1,
    state,
    createdAt: 1,
    lastUsedAt: 1,
    activeAt: 1,
    publicPorts: [],
  }
}

const phases: [] = []
const stopping = { kind: 'stopping', sandboxId: SANDBOX, phases } as const
const STATES = {
  stopped: { kind: 'stopped' },
  'starting (nothing chosen)': { kind: 'starting', mode: 'fresh', sandboxId: null, phases, revivals: 0 },
  starting: { kind: 'starting', mode: 'fresh', sandboxId: SANDBOX, phases, revivals: 0 },
  'starting (resumes a run)': { kind: 'starting', mode: 'resume-run', sandboxId: SANDBOX, phases, revivals: 1 },
  'starting (resumes a stop)': { kind: 'starting', mode: 'resume-stop', sandboxId: SANDBOX, phases, revivals: 0 },
  running: { kind: 'running', sandboxId: SANDBOX, since: AT - 1, revivals: 0 },
  'running (3 revivals)': { kind: 'running', sandboxId: SANDBOX, since: AT - 1, revivals: 3 },
  'stopping (unsaved)': { ...stopping, work: 'unsaved', next: 'stop' },
  'stopping (unsaved, then start)': { ...stopping, work: 'unsaved', next: 'start' },
  'stopping (unsaved, then delete)': { ...stopping, work: 'unsaved', next: 'delete' },
  'stopping (saved)': { ...stopping, work: 'saved', next: 'stop' },
  'stopping (saved, then start)': { ...stopping, work: 'saved', next: 'start' },
  'stopping (saved, then delete)': { ...stopping, work: 'saved', next: 'delete' },
  'stopping (cancelled)': { ...stopping, work: 'cancelled', next: 'stop' },
  'failed (start)': { kind: 'failed', during: 'start', error, phases, sandboxId: null },
  'failed (run, lost)': { kind: 'failed', during: 'run', error, phases, sandboxId: null },
  'failed (run, kept)': { kind: 'failed', during: 'run', error, phases, sandboxId: SANDBOX },
  'failed (stop, kept)': { kind: 'failed', during: 'stop', error, phases, sandboxId: SANDBOX },
  deleted: { kind: 'deleted', purgeAt: AT + 1, isPurging: false },
  'deleted (due)': { kind: 'deleted', purgeAt: AT, isPurging: false },
  'deleted (purging)': { kind: 'deleted', purgeAt: AT, isPurging: true },
} as const satisfies Record<string, ReplState>

const EVENTS: Record<ReplEventType, ReplEvent> = {
  'start-asked': { type: 'start-asked', at: AT },
  'resume-asked': { type: 'resume-asked', at: AT },
  'stop-asked': { type: 'stop-asked', at: AT },
  'delete-asked': { type: 'delete-asked', at: AT },
  'restore-asked': { type: 'restore-asked', at: AT },
  'purge-asked': { type: 'purge-asked', at: AT },
  'sandbox-chosen': { type: 'sandbox-chosen', at: AT, generation: GENERATION, sandboxId: 's000000000000000' },
  phase: { type: 'phase', at: AT, generation: GENERATION, phase: { name: 'open' } },
  opened: { type: 'opened', at: AT, generation: GENERATION },
  'start-failed': { type: 'start-failed', at: AT, generation: GENERATION, error },
  saved: { type: 'saved', at: AT, generation: GENERATION },
  removed: { type: 'removed', at: AT, generation: GENERATION },
  'stop-failed': { type: 'stop-failed', at: AT, generation: GENERATION, error },
  'sandbox-lost': { type: 'sandbox-lost', at: AT, generation: GENERATION, error },
  'sandbox-found': { type: 'sandbox-found', at: AT, generation: GENERATION, sandboxId: SANDBOX },
  'sandbox-died': { type: 'sandbox-died', at: AT, generation: GENERATION, error },
}

/** A result in one word or a few: what the table below is made of. */
function brief(before: Repl, event: ReplEvent): string {
  const after = transition(before, event)
  if (isRefusal(after)) return after.refused === 'already' ? '=' : after.refused === 'impossible' ? '-' : after.refused
  const { state } = after
  const next = after.generation === before.generation ? '' : ` ${after.generation}`
  switch (state.kind) {
    case 'starting':
      return `starting ${state.mode}${next} ${state.sandboxId === null ? 'nothing' : state.sandboxId === SANDBOX ? 'kept' : 'chosen'}`
    case 'stopping':
      return `stopping ${state.work} then ${state.next}`
    case 'failed':
      return `failed ${state.during} ${state.sandboxId === null ? 'gone' : 'kept'}`
    case 'deleted':
      return state.isPurging ? 'purging' : 'deleted'
    case 'stopped':
    case 'running':
      return state.kind
  }
}

/** What each event does; those that are impossible in the state are left out. */
function outcomes(repl: Repl): Record<string, string> {
  const all = Object.values(EVENTS).map((event) => [event.type, brief(repl, event)] as const)
  return Object.fromEntries(all.filter(([, outcome]) => outcome !== '-'))
}

/** Every state with every event that is possible in it. */
function everyResult(): { before: Repl; event: ReplEvent; after: Repl }[] {
  return Object.values(STATES).flatMap((state) =>
    Object.values(EVENTS).flatMap((event) => {
      const before = replIn(state)
      const after = transition(before, event)
      return isRefusal(after) ? [] : [{ before, event, after }]
    }),
  )
}

describe('transitions', () => {
  test('every state meets every event as the table says', () => {
    const table = Object.fromEntries(Object.entries(STATES).map(([name, state]) => [name, outcomes(replIn(state))]))
    expect(table).toEqual(TABLE)
  })

  test('a sandbox of a newer generation is taken where there is none, with that generation', () => {
    const found = { ...EVENTS['sandbox-found'], generation: GENERATION + 4 }
    const taken = Object.entries(STATES).flatMap(([name, state]) => {
      const after = transition(replIn(state), found)
      return isRefusal(after) ? [] : [[name, brief(replIn(state), found), after.generation]]
    })
    expect(taken).toEqual(
      ['stopped', 'failed (start)', 'failed (run, lost)'].map((name) => [name, 'failed run kept', GENERATION + 4]),
    )
  })

  test('what a sandbox of an older or unknown generation tells is refused in every state', () => {
    const late = Object.values(EVENTS).flatMap((event) => {
      if (!('generation' in event)) return []
      const others = event.type === 'sandbox-found' ? [GENERATION - 1, 0] : [GENERATION - 1, GENERATION + 1, 0]
      return others.map((generation) => ({ ...event, generation }))
    })
    const results = Object.values(STATES).flatMap((state) => late.map((event) => brief(replIn(state), event)))
    expect(new Set(results)).toEqual(new Set(['stale']))
  })

  test('every result is a valid record', () => {
    const results = everyResult().map(({ after }) => after)
    expect(results.length).toBeGreaterThan(50)
    expect(results.map((repl) => replSchema.parse(repl))).toEqual(results)
  })

  test('nothing but a save, a cancellation or a loss ever gives up a sandbox', () => {
    const givenUp = everyResult().filter(
      ({ before, after }) => sandboxOf(before) !== undefined && sandboxOf(after) === undefined,
    )
    const reasons = givenUp.map(({ before, event }) => {
      if (event.type === 'sandbox-lost') return 'lost'
      if (before.state.kind === 'stopping') return before.state.work
      return before.state.kind === 'starting' ? before.state.mode : before.state.kind
    })
    expect(new Set(reasons)).toEqual(new Set(['lost', 'saved', 'cancelled', 'fresh']))
  })

  test('a runner that ran long enough may be revived anew', () => {
    const repl = replIn({ kind: 'running', sandboxId: SANDBOX, since: AT - STABLE_AFTER_MS, revivals: 3 })
    expect(transition(repl, EVENTS['sandbox-died'])).toMatchObject({ state: { kind: 'starting', revivals: 1 } })
  })

  test('phases end when the next begins, and details replace each other', () => {
    const at = (time: number, phase: { name: 'sandbox' | 'restore'; detail?: string }) => ({
      type: 'phase' as const,
      at: time,
      generation: GENERATION,
      phase,
    })
    let repl = replIn(STATES.starting)
    for (const event of [
      at(1, { name: 'sandbox' }),
      at(2, { name: 'restore', detail: '1 of 9' }),
      at(5, { name: 'restore', detail: '9 of 9' }),
    ]) {
      const next = transition(repl, event)
      if (isRefusal(next)) throw new Error(next.message)
      repl = next
    }
    expect(repl.state).toMatchObject({
      phases: [
        { name: 'sandbox', startedAt: 1, endedAt: 2 },
        { name: 'restore', startedAt: 2, detail: '9 of 9' },
      ],
    })
  })

  test('a deletion is purged after seven days', () => {
    expect(transition(replIn(STATES.stopped), EVENTS['delete-asked'])).toMatchObject({
      state: { kind: 'deleted', purgeAt: AT + RESTORE_WINDOW_MS },
    })
  })

  test('whatever has a sandbox takes a running place', () => {
    const taking = Object.entries(STATES).filter(([, state]) => isRunningPlace(replIn(state)))
    expect(taking.map(([name]) => name)).toEqual(
      Object.keys(STATES).filter((name) => !/^(stopped|failed \(start\)|failed \(run, lost\)|deleted)/.test(name)),
    )
  })
})

/** `=`: it is so already. Everything not named is impossible in that state. */
const TABLE = {
  deleted: {
    'delete-asked': '=',
    'restore-asked': 'stopped',
  },
  'deleted (due)': {
    'delete-asked': '=',
    'purge-asked': 'purging',
  },
  'deleted (purging)': {
    'delete-asked': '=',
    'purge-asked': '=',
  },
  'failed (run, kept)': {
    'delete-asked': 'stopping unsaved then delete',
    'resume-asked': 'starting resume-run kept',
    'sandbox-lost': 'failed run gone',
    'stop-asked': 'stopping unsaved then stop',
  },
  'failed (run, lost)': {
    'delete-asked': 'deleted',
    'sandbox-found': 'failed run kept',
    'start-asked': 'starting fresh 8 nothing',
    'stop-asked': '=',
  },
  'failed (start)': {
    'delete-asked': 'deleted',
    'start-asked': 'starting fresh 8 nothing',
    'stop-asked': '=',
  },
  'failed (stop, kept)': {
    'delete-asked': 'stopping unsaved then delete',
    'resume-asked': 'starting resume-stop kept',
    'sandbox-lost': 'failed stop gone',
    'stop-asked': 'stopping unsaved then stop',
  },
  running: {
    'delete-asked': 'stopping unsaved then delete',
    'sandbox-died': 'starting resume-run kept',
    'sandbox-lost': 'failed run gone',
    'start-asked': '=',
    'stop-asked': 'stopping unsaved then stop',
  },
  'running (3 revivals)': {
    'delete-asked': 'stopping unsaved then delete',
    'sandbox-died': 'failed run kept',
    'sandbox-lost': 'failed run gone',
    'start-asked': '=',
    'stop-asked': 'stopping unsaved then stop',
  },
  starting: {
    'delete-asked': 'stopping cancelled then delete',
    opened: 'running',
    phase: 'starting fresh kept',
    'sandbox-chosen': 'starting fresh chosen',
    'sandbox-lost': 'failed start gone',
    'start-asked': '=',
    'start-failed': 'failed start gone',
    'stop-asked': 'stopping cancelled then stop',
  },
  'starting (nothing chosen)': {
    'delete-asked': 'stopping cancelled then delete',
    phase: 'starting fresh nothing',
    'sandbox-chosen': 'starting fresh chosen',
    'sandbox-lost': 'failed start gone',
    'start-asked': '=',
    'start-failed': 'failed start gone',
    'stop-asked': 'stopping cancelled then stop',
  },
  'starting (resumes a run)': {
    'delete-asked': 'stopping unsaved then delete',
    opened: 'running',
    phase: 'starting resume-run kept',
    'resume-asked': '=',
    'sandbox-lost': 'failed run gone',
    'start-asked': '=',
    'start-failed': 'failed run kept',
    'stop-asked': 'stopping unsaved then stop',
  },
  'starting (resumes a stop)': {
    'delete-asked': 'stopping unsaved then delete',
    opened: 'running',
    phase: 'starting resume-stop kept',
    'resume-asked': '=',
    'sandbox-lost': 'failed stop gone',
    'start-asked': '=',
    'start-failed': 'failed stop kept',
    'stop-asked': 'stopping unsaved then stop',
  },
  stopped: {
    'delete-asked': 'deleted',
    'start-asked': 'starting fresh 8 nothing',
    'stop-asked': '=',
  },
  'stopping (cancelled)': {
    'delete-asked': 'stopping cancelled then delete',
    phase: 'stopping cancelled then stop',
    removed: 'stopped',
    'sandbox-lost': 'stopped',
    'start-asked': 'stopping cancelled then start',
    'stop-asked': '=',
  },
  'stopping (saved)': {
    'delete-asked': 'stopping saved then delete',
    phase: 'stopping saved then stop',
    removed: 'stopped',
    'sandbox-lost': 'stopped',
    'start-asked': 'stopping saved then start',
    'stop-asked': '=',
  },
  'stopping (saved, then delete)': {
    'delete-asked': '=',
    phase: 'stopping saved then delete',
    removed: 'deleted',
    'sandbox-lost': 'deleted',
    'stop-asked': '=',
  },
  'stopping (saved, then start)': {
    'delete-asked': 'stopping saved then delete',
    phase: 'stopping saved then start',
    removed: 'starting fresh 8 nothing',
    'sandbox-lost': 'starting fresh 8 nothing',
    'start-asked': '=',
    'stop-asked': 'stopping saved then stop',
  },
  'stopping (unsaved)': {
    'delete-asked': 'stopping unsaved then delete',
    phase: 'stopping unsaved then stop',
    'sandbox-lost': 'failed stop gone',
    saved: 'stopping saved then stop',
    'start-asked': 'stopping unsaved then start',
    'stop-asked': '=',
    'stop-failed': 'failed stop kept',
  },
  'stopping (unsaved, then delete)': {
    'delete-asked': '=',
    phase: 'stopping unsaved then delete',
    'sandbox-lost': 'failed stop gone',
    saved: 'stopping saved then delete',
    'stop-asked': '=',
    'stop-failed': 'failed stop kept',
  },
  'stopping (unsaved, then start)': {
    'delete-asked': 'stopping unsaved then delete',
    phase: 'stopping unsaved then start',
    'sandbox-lost': 'failed stop gone',
    saved: 'stopping saved then start',
    'start-asked': '=',
    'stop-asked': 'stopping unsaved then stop',
    'stop-failed': 'failed stop kept',
  },
}
