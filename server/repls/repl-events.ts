import type { WireError } from '#protocol/errors.ts'
import type { Phase, Repl, ReplState } from '#server/repls/record.ts'

/**
 * What happens to repls. What people ask for comes without a generation; what a sandbox or its driver tells names the
 * generation it belongs to, and anything but the newest is refused.
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
      /** `ahead`: the generation that the store's snapshot has, where that is newer. */
      | { type: 'start-failed'; error: WireError; ahead?: number }
      | { type: 'saved' }
      | { type: 'removed' }
      | { type: 'stop-failed'; error: WireError }
      /** There is no such sandbox any more. */
      | { type: 'sandbox-lost'; error: WireError }
      /** What was given up as lost is there after all. */
      | { type: 'sandbox-found'; sandboxId: string }
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

export type TransitionResult = Repl | Refusal
export type EventOf<T extends ReplEventType> = Extract<ReplEvent, { type: T }>

/** The refusal of an event that has no place in the state. */
export function impossible(repl: Repl, event: ReplEvent): Refusal {
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
  'sandbox-found': 'It misses no sandbox',
  'sandbox-died': 'No restart of its runner is due',
}

/** A refusal. */
export function refuse(refused: Refusal['refused'], message: string): Refusal {
  return { refused, message }
}
