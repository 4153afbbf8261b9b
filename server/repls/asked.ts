import { RESTORE_WINDOW_MS } from '#server/repls/limits.ts'
import { kept } from '#server/repls/record.ts'
import type { Repl, ReplState } from '#server/repls/record.ts'
import { impossible, refuse } from '#server/repls/repl-events.ts'
import type { EventOf, TransitionResult } from '#server/repls/repl-events.ts'

/** Transitions that people ask for. */

export function startAsked(repl: Repl, event: EventOf<'start-asked'>): TransitionResult {
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

export function resumeAsked(repl: Repl, event: EventOf<'resume-asked'>): TransitionResult {
  const { state } = repl
  if (state.kind === 'starting' && state.mode !== 'fresh') return refuse('already', 'It is being resumed.')
  if (state.kind !== 'failed' || state.sandboxId === null) return impossible(repl, event)
  const mode = state.during === 'stop' ? ('resume-stop' as const) : ('resume-run' as const)
  return withState(repl, { kind: 'starting', mode, sandboxId: state.sandboxId, phases: [], revivals: 0 })
}

export function stopAsked(repl: Repl, event: EventOf<'stop-asked'>): TransitionResult {
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

export function deleteAsked(repl: Repl, event: EventOf<'delete-asked'>): TransitionResult {
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

export function restoreAsked(repl: Repl, event: EventOf<'restore-asked'>): TransitionResult {
  const { state } = repl
  return state.kind === 'deleted' && !state.isPurging && event.at < state.purgeAt
    ? // Somebody wants it after all.
      withState(kept(repl), { kind: 'stopped' })
    : impossible(repl, event)
}

export function purgeAsked(repl: Repl, event: EventOf<'purge-asked'>): TransitionResult {
  const { state } = repl
  if (state.kind !== 'deleted' || event.at < state.purgeAt) return impossible(repl, event)
  return state.isPurging ? refuse('already', 'It is being purged.') : withState(repl, { ...state, isPurging: true })
}

type Stoppable = Extract<ReplState, { kind: 'starting' | 'running' | 'failed' }>

function beginStop(repl: Repl, state: Stoppable, next: 'stop' | 'delete'): Repl {
  // Nobody can have worked in a fresh start that has not opened: there is nothing to save.
  const isCancelled = state.kind === 'starting' && state.mode === 'fresh'
  const work = isCancelled ? ('cancelled' as const) : ('unsaved' as const)
  return withState(repl, { kind: 'stopping', sandboxId: state.sandboxId, work, next, phases: [] })
}

/** What was asked for after a stop that is done. */
export function afterStop(repl: Repl, at: number): Repl {
  if (repl.state.kind !== 'stopping') return repl
  switch (repl.state.next) {
    case 'stop':
      return repl.isEphemeral === true ? deleted(repl, at) : withState(repl, { kind: 'stopped' })
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

/** The repl in another state. */
export function withState(repl: Repl, state: ReplState): Repl {
  return { ...repl, state }
}
