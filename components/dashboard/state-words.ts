import type { StateTone } from '#components/ui/state-dot.tsx'
import type { PhaseView, ReplStateView } from '#server/repls/views.ts'

const DOING: Record<PhaseView['name'], string> = {
  sandbox: 'Preparing sandbox',
  restore: 'Restoring files',
  clone: 'Cloning repository',
  open: 'Opening terminals',
  save: 'Saving files',
  remove: 'Removing sandbox',
}

export interface StateWords {
  tone: StateTone
  /** One or two words: "Running". */
  label: string
  /** What exactly goes on, or went wrong. */
  detail?: string
  percent?: number
}

/** A repl's state as dot and words. */
export function stateWords(state: ReplStateView): StateWords {
  switch (state.kind) {
    case 'stopped':
      return { tone: 'idle', label: 'Stopped' }
    case 'running':
      return { tone: 'ok', label: 'Running' }
    case 'starting':
      return { tone: 'busy', label: 'Starting', ...progressOf(state.phases) }
    case 'stopping':
      return { tone: 'busy', label: 'Stopping', ...progressOf(state.phases) }
    case 'failed':
      return { tone: 'failed', label: FAILED[state.during], detail: state.error.message }
    case 'deleted':
      return { tone: 'idle', label: 'Deleted' }
  }
}

/** What a phase does, with its detail: "Restoring files · 312 of 2,000 files". */
export function phaseWords(phase: PhaseView): string {
  return phase.detail === undefined ? DOING[phase.name] : `${DOING[phase.name]} · ${phase.detail}`
}

const FAILED = { start: 'Did not start', run: 'Stopped working', stop: 'Not saved' } as const

function progressOf(phases: PhaseView[]): Pick<StateWords, 'detail' | 'percent'> {
  const current = phases.findLast((phase) => phase.endedAt === undefined) ?? phases.at(-1)
  if (current === undefined) return {}
  return { detail: phaseWords(current), ...(current.percent !== undefined && { percent: current.percent }) }
}
