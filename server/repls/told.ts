import type { WireError } from '#protocol/errors.ts'
import { MAX_DETAIL_CHARS, MAX_REVIVALS, STABLE_AFTER_MS } from '#server/repls/limits.ts'
import { afterStop, withState } from '#server/repls/asked.ts'
import type { Phase, Repl, ReplState } from '#server/repls/record.ts'
import { impossible } from '#server/repls/repl-events.ts'
import type { EventOf, PhaseUpdate, TransitionResult } from '#server/repls/repl-events.ts'

/** Transitions that sandboxes and their drivers tell of. */

export function phase(repl: Repl, event: EventOf<'phase'>): TransitionResult {
  const { state } = repl
  if (state.kind !== 'starting' && state.kind !== 'stopping') return impossible(repl, event)
  return withState(repl, { ...state, phases: withPhase(state.phases, event.phase, event.at) })
}

export function opened(repl: Repl, event: EventOf<'opened'>): TransitionResult {
  const { state } = repl
  if (state.kind !== 'starting' || state.sandboxId === null) return impossible(repl, event)
  const running: ReplState = {
    kind: 'running',
    sandboxId: state.sandboxId,
    since: event.at,
    revivals: state.revivals,
  }
  const source = repl.source.kind === 'git' ? { ...repl.source, isCloned: true } : repl.source
  const { activeBy: _, ...begun } = repl
  return { ...begun, source, state: running, activeAt: event.at, lastUsedAt: event.at }
}

export function startFailed(repl: Repl, event: EventOf<'start-failed'>): TransitionResult {
  const { state } = repl
  if (state.kind !== 'starting') return impossible(repl, event)
  const phases = endPhases(state.phases, event.at)
  // What is resumed holds work: its sandbox is kept, and a new generation stays out of reach.
  const generation = Math.max(repl.generation, event.ahead ?? 0)
  return state.mode === 'fresh'
    ? withState(
        { ...repl, generation },
        { kind: 'failed', during: 'start', error: event.error, phases, sandboxId: null },
      )
    : withState(repl, {
        kind: 'failed',
        during: state.mode === 'resume-stop' ? 'stop' : 'run',
        error: event.error,
        phases,
        sandboxId: state.sandboxId,
      })
}

export function stopFailed(repl: Repl, event: EventOf<'stop-failed'>): TransitionResult {
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

export function sandboxLost(repl: Repl, event: EventOf<'sandbox-lost'>): TransitionResult {
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

export function sandboxFound(repl: Repl, event: EventOf<'sandbox-found'>): TransitionResult {
  const { state } = repl
  const { generation, sandboxId } = event
  if (generation > repl.generation) {
    const isAtRest = state.kind === 'stopped' || (state.kind === 'failed' && state.sandboxId === null)
    return isAtRest
      ? withState(
          { ...repl, generation },
          { kind: 'failed', during: 'run', error: STORE_WAS_BEHIND, phases: [], sandboxId },
        )
      : impossible(repl, event)
  }
  // A fresh start that failed left nothing worth keeping.
  if (state.kind !== 'failed' || state.sandboxId !== null || state.during === 'start') return impossible(repl, event)
  return withState(repl, { ...state, sandboxId })
}

const STORE_WAS_BEHIND: WireError = {
  code: 'unavailable',
  message: 'Its sandbox is newer than what the state store knew of it.',
  advice: 'Resume it: its work is there.',
}

export function sandboxDied(repl: Repl, event: EventOf<'sandbox-died'>): TransitionResult {
  const { state } = repl
  if (state.kind !== 'running') return impossible(repl, event)
  const revivals = event.at - state.since >= STABLE_AFTER_MS ? 0 : state.revivals
  const { sandboxId } = state
  return revivals >= MAX_REVIVALS
    ? withState(repl, { kind: 'failed', during: 'run', error: event.error, phases: [], sandboxId })
    : withState(repl, { kind: 'starting', mode: 'resume-run', sandboxId, phases: [], revivals: revivals + 1 })
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
