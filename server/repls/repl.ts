import {
  deleteAsked,
  purgeAsked,
  restoreAsked,
  resumeAsked,
  startAsked,
  stopAsked,
  afterStop,
} from '#server/repls/asked.ts'
import type { Repl } from '#server/repls/record.ts'
import { impossible, refuse } from '#server/repls/repl-events.ts'
import type { ReplEvent, TransitionResult } from '#server/repls/repl-events.ts'
import { opened, phase, sandboxDied, sandboxFound, sandboxLost, startFailed, stopFailed } from '#server/repls/told.ts'

/** A repl's life as a pure function: the repl after `event`, or why it cannot be. */
export function transition(repl: Repl, event: ReplEvent): TransitionResult {
  // A store that was brought back from a backup knows less than the sandboxes do.
  const isAhead = event.type === 'sandbox-found' && event.generation > repl.generation
  if ('generation' in event && event.generation !== repl.generation && !isAhead) {
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
        ? { ...repl, state: { ...repl.state, work: 'saved' } }
        : impossible(repl, event)
    case 'removed':
      return repl.state.kind === 'stopping' && repl.state.work !== 'unsaved'
        ? afterStop(repl, event.at)
        : impossible(repl, event)
    case 'stop-failed':
      return stopFailed(repl, event)
    case 'sandbox-lost':
      return sandboxLost(repl, event)
    case 'sandbox-found':
      return sandboxFound(repl, event)
    case 'sandbox-died':
      return sandboxDied(repl, event)
  }
}
