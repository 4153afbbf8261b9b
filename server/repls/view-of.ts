import { isAtLeast } from '#protocol/roles.ts'
import type { Role } from '#protocol/roles.ts'
import type { Isolation } from '#server/orchestrator/orchestrator.ts'
import { lastWork, sleepsAt } from '#server/repls/record.ts'
import type { Repl, ReplState } from '#server/repls/record.ts'
import type { FailureExit, ReplStateView, ReplView } from '#server/repls/views.ts'

interface Looker {
  role: Role
  isolation: Isolation
  /** After so long without work it is stopped. */
  idleStopMs: number
}

const MINUTE_MS = 60_000

/** What somebody with `role` sees of a repl. */
export function viewOf(repl: Repl, { role, isolation, idleStopMs }: Looker): ReplView {
  const { id, name, template, generation, owner, createdAt, lastUsedAt, publicPorts } = repl
  const { source } = repl
  return {
    id,
    name,
    template,
    source:
      source.kind === 'template'
        ? { kind: 'template' }
        : { kind: 'git', url: source.url, ...(source.branch !== undefined && { branch: source.branch }) },
    state: stateView(repl.state, role),
    generation,
    role,
    owner,
    createdAt,
    lastUsedAt,
    ...(repl.usedBytes !== undefined && { usedBytes: repl.usedBytes }),
    ...(repl.savedAt !== undefined && { savedAt: repl.savedAt }),
    ...(repl.unsavedSince !== undefined && { unsavedSince: repl.unsavedSince }),
    publicPorts,
    ...(repl.state.kind === 'running' && sleepOf(repl, idleStopMs)),
    ...(repl.isEphemeral !== undefined && { isEphemeral: repl.isEphemeral }),
    ...(repl.expiresAt !== undefined && { expiresAt: repl.expiresAt }),
    isolation,
  }
}

/** To the minute: what happens in it is told every few seconds, and pages are told of each change. */
function sleepOf(repl: Repl, idleStopMs: number): Pick<ReplView, 'sleepsAt' | 'awakeUntil' | 'lastWork'> {
  const at = sleepsAt(repl, idleStopMs)
  const isKeptAwake = repl.awakeUntil === at
  const isSandboxs = repl.activeBy !== undefined && repl.activeAt >= repl.lastUsedAt
  return {
    sleepsAt: Math.ceil(at / MINUTE_MS) * MINUTE_MS,
    lastWork: {
      at: Math.floor(lastWork(repl) / MINUTE_MS) * MINUTE_MS,
      ...(isSandboxs && { by: repl.activeBy }),
    },
    ...(isKeptAwake && { awakeUntil: at }),
  }
}

function stateView(state: ReplState, role: Role): ReplStateView {
  switch (state.kind) {
    case 'stopped':
      return { kind: 'stopped' }
    case 'starting':
      return { kind: 'starting', phases: state.phases }
    case 'stopping': {
      const { phases, next } = state
      return { kind: 'stopping', phases, ...(next !== 'stop' && { next }) }
    }
    case 'running':
      return { kind: 'running', since: state.since }
    case 'failed':
      return {
        kind: 'failed',
        during: state.during,
        error: state.error,
        phases: state.phases,
        exits: exitsOf(state.sandboxId !== null).filter((exit) => isAtLeast(role, EXIT_ROLES[exit])),
      }
    case 'deleted':
      return { kind: 'deleted', purgeAt: state.purgeAt }
  }
}

/** The least role that may take a way out. */
const EXIT_ROLES = {
  'retry-start': 'editor',
  'retry-stop': 'editor',
  resume: 'editor',
  delete: 'owner',
} as const satisfies Record<FailureExit, Role>

/** A kept sandbox holds the only copy of some work: nothing may be offered that could lose it. */
function exitsOf(isSandboxKept: boolean): FailureExit[] {
  return isSandboxKept ? ['retry-stop', 'resume'] : ['retry-start', 'delete']
}
