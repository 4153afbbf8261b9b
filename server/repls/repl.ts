import type { WireError } from '#protocol/errors.ts'
import { MAX_DETAIL_CHARS, MAX_REVIVALS, RESTORE_WINDOW_MS, STABLE_AFTER_MS } from '#server/repls/limits.ts'
import type { Phase, Repl, ReplState } from '#server/repls/record.ts'

/**
 * A repl's life as a pure function. What people ask for comes without a generation; what a sandbox or its driver tells
 * names the generation it belongs to, and anything but the newest is refused.
 */
export type ReplEvent = { at: number } & (
  | { type: 'start-asked' }
  /** The same generation goes on in the sandbox that was kept. */
  | { type: 'resume-asked' }
  | { type: 'stop-asked' }
  /** Stops first, where something runs. */
  | { type: 'delete-asked' }
  | { type: 'restore-asked' }
  | { type: 'purge-asked' }
  | ({ generation: number } & (
      | { type: 'sandbox-chosen'; sandboxId: string }
      | { type: 'phase'; phase: PhaseUpdate }
      | { type: 'opened' }
      | { type: 'start-failed'; error: WireError }
      | { type: 'saved' }
      | { type: 'removed' }
      | { type: 'stop-failed'; error: WireError }
      /** There is no such sandbox any more. */
      | { type: 'sandbox-lost'; error: WireError }
      /** A part of it died; its volume is there. */
      | { type: 'sandbox-died'; error: WireError }
    ))
)
export type ReplEventType = ReplEvent['type']

export interface PhaseUpdate {
  name: Phase['name']
  detail?: string
  percent?: number
}

/**
 * - `already`: what was asked for is so, or under way: join it.
 * - `stale`: the event is of another generation.
 * - `impossible`: not in this state.
 */
export interface Refusal {
  refused: 'already' | 'stale' | 'impossible'
  message: string
}

export function isRefusal(result: object): result is Refusal {
  return 'refused' in result
}

type Result = Repl | Refusal
type EventOf<T extends ReplEventType> = Extract<ReplEvent, { type: T }>

/** The repl after `event`, or why it cannot be. */
export function transition(repl: Repl, event: ReplEvent): Result {
  if ('generation' in event && event.generation !== repl.generation) {
    return refuse('stale', `That was generation ${event.generation}; the newest is ${repl.generation}.`)
  }
  switch (event.type) {
    case 'start-asked':
      return startAsked(repl, event)
    case 'resume-asked':
      return resumeAsked(repl, event)
    case 'stop-asked':
      return stopAsked(repl, event)
    case 'delete-asked':
      return deleteAsked(repl, event)
    case 'restore-asked':
      return restoreAsked(repl, event)
    case 'purge-asked':
      return purgeAsked(repl, event)
    case 'sandbox-chosen':
      return repl.state.kind === 'starting' && repl.state.mode === 'fresh'
        ? { ...repl, state: { ...repl.state, sandboxId: event.sandboxId } }
        : impossible(repl, event)
    case 'phase':
      return phase(repl, event)
    case 'opened':
      return opened(repl, event)
    case 'start-failed':
      return startFailed(repl, event)
    case 'saved':
      return repl.state.kind === 'stopping' && repl.state.work === 'unsaved'
        ? withState(repl, { ...repl.state, work: 'saved' })
        : impossible(repl, event)
    case 'removed':
      return repl.state.kind === 'stopping' && repl.state.work !== 'unsaved'
        ? afterStop(repl, event.at)
        : impossible(repl, event)
    case 'stop-failed':
      return stopFailed(repl, event)
    case 'sandbox-lost':
      return sandboxLost(repl, event)
    case 'sandbox-died':
      return sandboxDied(repl, event)
  }
}

function startAsked(repl: Repl, event: EventOf<'start-asked'>): Result {
  const { state } = repl
  switch (state.kind) {
    case 'stopped':
      return nextGeneration(repl, event.at)
    case 'starting':
    case 'running':
      return refuse('already', 'It runs or starts.')
    case 'stopping':
      if (state.next === 'delete') return impossible(repl, event)
      return state.next === 'start'
        ? refuse('already', 'It starts as soon as it has stopped.')
        : withState(repl, { ...state, next: 'start' })
    case 'failed':
      // A new generation would fence out the only copy.
      return state.sandboxId === null ? nextGeneration(repl, event.at) : impossible(repl, event)
    case 'deleted':
      return impossible(repl, event)
  }
}

function resumeAsked(repl: Repl, event: EventOf<'resume-asked'>): Result {
  const { state } = repl
  if (state.kind === 'starting' && state.mode !== 'fresh') return refuse('already', 'It is being resumed.')
  if (state.kind !== 'failed' || state.sandboxId === null) return impossible(repl, event)
  const mode = state.during === 'stop' ? ('resume-stop' as const) : ('resume-run' as const)
  return withState(repl, { kind: 'starting', mode, sandboxId: state.sandboxId, phases: [], revivals: 0 })
}

function stopAsked(repl: Repl, event: EventOf<'stop-asked'>): Result {
  const { state } = repl
  switch (state.kind) {
    case 'starting':
    case 'running':
      return beginStop(repl, state, 'stop')
    case 'stopping':
      return state.next === 'start'
        ? withState(repl, { ...state, next: 'stop' })
        : refuse('already', 'It is being stopped.')
    case 'stopped':
      return refuse('already', 'It is stopped.')
    case 'failed':
      return state.sandboxId === null ? refuse('already', 'Nothing runs.') : beginStop(repl, state, 'stop')
    case 'deleted':
      return impossible(repl, event)
  }
}

function deleteAsked(repl: Repl, event: EventOf<'delete-asked'>): Result {
  const { state } = repl
  switch (state.kind) {
    case 'stopped':
      return deleted(repl, event.at)
    case 'starting':
    case 'running':
      return beginStop(repl, state, 'delete')
    case 'stopping':
      return state.next === 'delete'
        ? refuse('already', 'It is being deleted.')
        : withState(repl, { ...state, next: 'delete' })
    case 'failed':
      return state.sandboxId === null ? deleted(repl, event.at) : beginStop(repl, state, 'delete')
    case 'deleted':
      return refuse('already', 'It is deleted.')
  }
}

function restoreAsked(repl: Repl, event: EventOf<'restore-asked'>): Result {
  const { state } = repl
  return state.kind === 'deleted' && !state.isPurging && event.at < state.purgeAt
    ? withState(repl, { kind: 'stopped' })
    : impossible(repl, event)
}

function purgeAsked(repl: Repl, event: EventOf<'purge-asked'>): Result {
  const { state } = repl
  if (state.kind !== 'deleted' || event.at < state.purgeAt) return impossible(repl, event)
  return state.isPurging ? refuse('already', 'It is being purged.') : withState(repl, { ...state, isPurging: true })
}

function phase(repl: Repl, event: EventOf<'phase'>): Result {
  const { state } = repl
  if (state.kind !== 'starting' && state.kind !== 'stopping') return impossible(repl, event)
  return withState(repl, { ...state, phases: withPhase(state.phases, event.phase, event.at) })
}

function opened(repl: Repl, event: EventOf<'opened'>): Result {
  const { state } = repl
  if (state.kind !== 'starting' || state.sandboxId === null) return impossible(repl, event)
  const running: ReplState = {
    kind: 'running',
    sandboxId: state.sandboxId,
    since: event.at,
    revivals: state.revivals,
  }
  const source = repl.source.kind === 'git' ? { ...repl.source, isCloned: true } : repl.source
  return { ...repl, source, state: running, activeAt: event.at, lastUsedAt: event.at }
}

function startFailed(repl: Repl, event: EventOf<'start-failed'>): Result {
  const { state } = repl
  if (state.kind !== 'starting') return impossible(repl, event)
  const phases = endPhases(state.phases, event.at)
  // What is resumed holds work: its sandbox is kept, and a new generation stays out of reach.
  return state.mode === 'fresh'
    ? withState(repl, { kind: 'failed', during: 'start', error: event.error, phases, sandboxId: null })
    : withState(repl, {
        kind: 'failed',
        during: state.mode === 'resume-stop' ? 'stop' : 'run',
        error: event.error,
        phases,
        sandboxId: state.sandboxId,
      })
}

function stopFailed(repl: Repl, event: EventOf<'stop-failed'>): Result {
  const { state } = repl
  if (state.kind !== 'stopping' || state.work !== 'unsaved') return impossible(repl, event)
  return withState(repl, {
    kind: 'failed',
    during: 'stop',
    error: event.error,
    phases: endPhases(state.phases, event.at),
    sandboxId: state.sandboxId,
  })
}

function sandboxLost(repl: Repl, event: EventOf<'sandbox-lost'>): Result {
  const { state } = repl
  const lost = (during: 'start' | 'run' | 'stop', phases: Phase[]) =>
    withState(repl, {
      kind: 'failed',
      during,
      error: event.error,
      phases: endPhases(phases, event.at),
      sandboxId: null,
    })
  switch (state.kind) {
    case 'running':
      return lost('run', [])
    case 'starting':
      return lost(state.mode === 'fresh' ? 'start' : state.mode === 'resume-stop' ? 'stop' : 'run', state.phases)
    case 'stopping':
      return state.work === 'unsaved' ? lost('stop', state.phases) : afterStop(repl, event.at)
    case 'failed':
      return state.sandboxId === null ? impossible(repl, event) : lost(state.during, state.phases)
    case 'stopped':
    case 'deleted':
      return impossible(repl, event)
  }
}

function sandboxDied(repl: Repl, event: EventOf<'sandbox-died'>): Result {
  const { state } = repl
  if (state.kind !== 'running') return impossible(repl, event)
  const revivals = event.at - state.since >= STABLE_AFTER_MS ? 0 : state.revivals
  const { sandboxId } = state
  return revivals >= MAX_REVIVALS
    ? withState(repl, { kind: 'failed', during: 'run', error: event.error, phases: [], sandboxId })
    : withState(repl, { kind: 'starting', mode: 'resume-run', sandboxId, phases: [], revivals: revivals + 1 })
}

type Stoppable = Extract<ReplState, { kind: 'starting' | 'running' | 'failed' }>

function beginStop(repl: Repl, state: Stoppable, next: 'stop' | 'delete'): Repl {
  // Nobody can have worked in a fresh start that has not opened: there is nothing to save.
  const isCancelled = state.kind === 'starting' && state.mode === 'fresh'
  const work = isCancelled ? ('cancelled' as const) : ('unsaved' as const)
  return withState(repl, { kind: 'stopping', sandboxId: state.sandboxId, work, next, phases: [] })
}

function afterStop(repl: Repl, at: number): Repl {
  if (repl.state.kind !== 'stopping') return repl
  switch (repl.state.next) {
    case 'stop':
      return withState(repl, { kind: 'stopped' })
    case 'start':
      return nextGeneration(repl, at)
    case 'delete':
      return deleted(repl, at)
  }
}

function nextGeneration(repl: Repl, at: number): Repl {
  return {
    ...repl,
    generation: repl.generation + 1,
    lastUsedAt: at,
    activeAt: at,
    state: {
      kind: 'starting',
      mode: 'fresh',
      sandboxId: null,
      phases: [{ name: 'sandbox', startedAt: at }],
      revivals: 0,
    },
  }
}

function deleted(repl: Repl, at: number): Repl {
  return withState(repl, { kind: 'deleted', purgeAt: at + RESTORE_WINDOW_MS, isPurging: false })
}

function withPhase(phases: Phase[], { name, detail, percent }: PhaseUpdate, at: number): Phase[] {
  const last = phases.at(-1)
  const facts = {
    ...(detail !== undefined && { detail: detail.slice(0, MAX_DETAIL_CHARS) }),
    ...(percent !== undefined && { percent }),
  }
  return last?.name === name && last.endedAt === undefined
    ? [...phases.slice(0, -1), { name, startedAt: last.startedAt, ...facts }]
    : [...endPhases(phases, at), { name, startedAt: at, ...facts }]
}

function endPhases(phases: Phase[], at: number): Phase[] {
  return phases.map((phase) => (phase.endedAt === undefined ? { ...phase, endedAt: at } : phase))
}

function withState(repl: Repl, state: ReplState): Repl {
  return { ...repl, state }
}

function impossible(repl: Repl, event: ReplEvent): Refusal {
  return refuse('impossible', `${WHAT[event.type]} while it is ${describeState(repl.state)}.`)
}

/** The state in words. */
function describeState(state: ReplState): string {
  switch (state.kind) {
    case 'failed':
      return state.sandboxId === null
        ? 'failed'
        : 'kept with work that is not saved: resume it, or try to stop it again'
    case 'deleted':
      return state.isPurging ? 'being deleted for good' : 'deleted'
    case 'stopped':
    case 'starting':
    case 'running':
    case 'stopping':
      return state.kind
  }
}

const WHAT: Record<ReplEventType, string> = {
  'start-asked': 'It cannot be started',
  'resume-asked': 'It cannot be resumed',
  'stop-asked': 'It cannot be stopped',
  'delete-asked': 'It cannot be deleted',
  'restore-asked': 'It cannot be restored',
  'purge-asked': 'It cannot be purged',
  'sandbox-chosen': 'A sandbox cannot be chosen',
  phase: 'There is no progress',
  opened: 'It cannot open',
  'start-failed': 'No start can fail',
  saved: 'No last save is awaited',
  removed: 'Its sandbox must not be removed',
  'stop-failed': 'No stop can fail',
  'sandbox-lost': 'It has no sandbox to lose',
  'sandbox-died': 'No restart of its runner is due',
}

function refuse(refused: Refusal['refused'], message: string): Refusal {
  return { refused, message }
}
