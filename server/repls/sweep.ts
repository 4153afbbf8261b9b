import type { Log } from '#server/log.ts'
import type { Metrics } from '#server/metrics/metrics.ts'
import { AppError } from '#server/errors.ts'
import type { Orchestrator, Sandbox, SandboxLabel } from '#server/orchestrator/orchestrator.ts'
import { reasonOf } from '#server/repls/reason.ts'
import { createBell } from '#server/repls/bell.ts'
import type { Driver } from '#server/repls/driver.ts'
import { createEarshot } from '#server/repls/earshot.ts'
import type { Earshot } from '#server/repls/earshot.ts'
import type { Lives } from '#server/repls/lifecycle.ts'
import {
  MAX_MISSED_AT_ONCE,
  ORPHAN_GRACE_MS,
  SWEEP_DEBOUNCE_MS,
  SWEEP_EVERY_MS,
  SWEEP_LEASE_MS,
} from '#server/repls/limits.ts'
import { isMoving, lastWork, sandboxOf, sleepsAt, workspaceOf } from '#server/repls/record.ts'
import type { Repl } from '#server/repls/record.ts'
import { transition } from '#server/repls/repl.ts'
import { removeUnclaimed, sandboxGone } from '#server/repls/sandboxes.ts'
import type { ShareLinks } from '#server/repls/shares.ts'
import { excessSpares } from '#server/repls/spares.ts'
import type { SparePlan } from '#server/repls/spares.ts'
import type { ReplStore } from '#server/repls/store.ts'
import type { KeptVariables } from '#server/repls/variables.ts'
import { storeSince } from '#server/repls/store-since.ts'
import type { StateStore } from '#server/state-store/state-store.ts'
import type { Workspaces } from '#server/workspaces/workspaces.ts'
import { setTimeout as delay } from 'node:timers/promises'

/** Puts records and reality together again, on one control plane at a time. */
export interface Sweeper extends AsyncDisposable {
  /** One pass now; `false` where another control plane is at it. */
  sweep(): Promise<boolean>
  /** Something changed: look soon. */
  hint(): void
}

interface SweeperDeps {
  stateStore: StateStore
  store: ReplStore
  orchestrator: Orchestrator
  workspaces: Workspaces
  driver: Driver
  lifecycle: Lives
  shares: ShareLinks
  variables: Pick<KeptVariables, 'forget'>
  /** Called with every pass, on every control plane. */
  onPass: () => void
  /** Puts back what a state store that was emptied needs for the sandboxes that run. */
  keepKeys: () => Promise<void>
  sparePlan: SparePlan
  idleStopMs: number
  metrics: Pick<Metrics, 'swept'>
  log: Log
  now: () => number
}

type SweepDeps = SweeperDeps & { earshot: Earshot }

export function createSweeper(given: SweeperDeps): Sweeper {
  const deps: SweepDeps = { ...given, earshot: createEarshot(given.now) }
  const closing = new AbortController()
  const bell = createBell()

  const pass = async () => {
    await using lease = await deps.stateStore.lease('sweep', SWEEP_LEASE_MS)
    // That another one sweeps is an answer too.
    deps.earshot.answered()
    if (lease === undefined) {
      deps.metrics.swept(undefined)
      return false
    }
    const beganAt = performance.now()
    const since = await storeSince(deps.stateStore, deps.now)
    // Records first: what is made after them is in neither list, or in both.
    const repls = await Array.fromAsync(deps.store.all())
    const sandboxes = await deps.orchestrator.list()
    const byId = new Map(sandboxes.map((sandbox) => [sandbox.id, sandbox]))
    await sweepRepls(deps, repls, byId)
    if (!(await lease.renew())) return false
    await sweepOrphans(deps, { sandboxes, repls, since })
    await attempt(deps, 'keys', deps.keepKeys)
    await attempt(deps, 'shares', () => deps.shares.endExpired())
    deps.metrics.swept({ repls, seconds: (performance.now() - beganAt) / 1000 })
    return true
  }

  /** Passes of this process take turns; those of others are kept out by the lease. */
  let last: Promise<unknown> = Promise.resolve()
  const sweep = () => {
    const next = last.then(pass)
    last = next.catch(() => undefined)
    return next
  }

  const run = async () => {
    while (!closing.signal.aborted) {
      deps.onPass()
      await sweep().catch((error: unknown) => deps.log.error('a sweep failed', error))
      await bell.wait(SWEEP_EVERY_MS, closing.signal)
      await delay(SWEEP_DEBOUNCE_MS, undefined, { signal: closing.signal }).catch(() => undefined)
    }
  }
  const running = run()

  return {
    sweep,
    hint: bell.ring,
    [Symbol.asyncDispose]: async () => {
      closing.abort()
      await running
    },
  }
}

/** One thing that cannot be put right must not keep the others from it. */
async function attempt({ log, earshot }: SweepDeps, what: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
    // A pass with much to do is no absence.
    earshot.answered()
  } catch (error) {
    log.error('the sweeper could not put something right', error, { what })
  }
}

async function sweepRepls(deps: SweepDeps, repls: Repl[], sandboxes: Map<string, Sandbox>): Promise<void> {
  const look = (repl: Repl) => attempt(deps, repl.id, () => sweepRepl(deps, repl, sandboxes))
  const isMissed = (repl: Repl) => {
    const sandboxId = sandboxOf(repl)
    return sandboxId !== undefined && !sandboxes.has(sandboxId)
  }
  for (const repl of repls) if (!isMissed(repl)) await look(repl)
  // Many are missed where the orchestrator has yet to hear of them. It is asked for them at once: one by one is a call each.
  const missed = repls.filter(isMissed)
  for (let from = 0; from < missed.length; from += MAX_MISSED_AT_ONCE)
    await Promise.all(missed.slice(from, from + MAX_MISSED_AT_ONCE).map(look))
}

async function sweepRepl(deps: SweepDeps, repl: Repl, sandboxes: Map<string, Sandbox>): Promise<void> {
  if (isMoving(repl)) return deps.driver.drive(repl.id)
  if (repl.state.kind === 'deleted') return purge(deps, repl)
  if (isOver(repl, deps.now())) return expire(deps, repl)
  const sandboxId = sandboxOf(repl)
  if (sandboxId === undefined) return
  // What was heard may be old; before work is given up the orchestrator is asked for this very one.
  const sandbox = sandboxes.get(sandboxId) ?? (await deps.orchestrator.get(sandboxId))
  const { generation } = repl
  const at = deps.now()
  if (sandbox === undefined) {
    const error = reasonOf(sandboxGone(deps.orchestrator, sandboxId))
    deps.log.warn('a sandbox is gone', { repl: repl.id, generation, sandbox: sandboxId })
    await deps.lifecycle.tell(repl.id, { type: 'sandbox-lost', at, generation, error })
  } else if (repl.state.kind === 'running' && sandbox.state === 'dead') {
    const error = reasonOf(new AppError('unavailable', sandbox.reason ?? 'Its runner died.'))
    deps.log.warn('a sandbox died', { repl: repl.id, generation, sandbox: sandboxId, error: error.message })
    await deps.lifecycle.tell(repl.id, { type: 'sandbox-died', at, generation, error })
  } else if (repl.state.kind === 'running' && at >= sleepsAt(repl, deps.idleStopMs) && deps.earshot.wouldHear()) {
    await stopIfIdle(deps, repl)
  }
}

/** Whether its time to live is over. A sandbox that is kept for what could not be saved is somebody's to decide about. */
function isOver({ state, expiresAt }: Repl, at: number): boolean {
  const isKept = state.kind === 'failed' && state.sandboxId !== null
  return expiresAt !== undefined && at >= expiresAt && !isKept
}

async function expire(deps: SweepDeps, { id }: Repl): Promise<void> {
  const repl = await askWhile(deps, id, { type: 'delete-asked', isDue: (current) => isOver(current, deps.now()) })
  if (repl === undefined) return
  const { generation, expiresAt } = repl
  deps.log.info('deleting a REPL whose time is over', { repl: id, generation, expiresAt })
}

async function stopIfIdle(deps: SweepDeps, { id }: Repl): Promise<void> {
  const { idleStopMs, now } = deps
  const isDue = (repl: Repl) => repl.state.kind === 'running' && now() >= sleepsAt(repl, idleStopMs)
  const repl = await askWhile(deps, id, { type: 'stop-asked', isDue })
  if (repl === undefined) return
  const idleMs = now() - lastWork(repl)
  deps.log.info('stopping an idle REPL', { repl: id, generation: repl.generation, idleMs, limitMs: idleStopMs })
}

/** Asks for it and begins, if it is due still: somebody may have come back since the record was read. */
async function askWhile(
  { store, driver, now }: SweepDeps,
  replId: string,
  { type, isDue }: { type: 'stop-asked' | 'delete-asked'; isDue: (repl: Repl) => boolean },
): Promise<Repl | undefined> {
  const { repl, refusal } = await store.update(replId, (current) =>
    isDue(current)
      ? transition(current, { type, at: now() })
      : { refused: 'already', message: 'Somebody came back to it.' },
  )
  if (refusal !== undefined) return undefined
  driver.drive(replId)
  return repl
}

/** Record, history and objects of a repl whose time to be restored is over. Begun again where it broke off. */
async function purge({ store, workspaces, shares, variables, log, now }: SweepDeps, repl: Repl): Promise<void> {
  if (repl.state.kind !== 'deleted' || now() < repl.state.purgeAt) return
  const { repl: current, refusal } = await store.update(repl.id, (record) =>
    transition(record, { type: 'purge-asked', at: now() }),
  )
  if (refusal?.refused === 'impossible') return
  await shares.endAll(current.id)
  await variables.forget(current.id)
  await workspaces.purge(workspaceOf(current))
  await store.remove(current)
  log.info('purged a deleted REPL', { repl: current.id, generation: current.generation })
}

/** A sandbox that was given up as lost, with work in it, is its repl's again: whether it was so. */
async function takeBack(
  { store, lifecycle, log, now }: SweepDeps,
  { sandboxId, replId, generation }: SandboxLabel & { sandboxId: string },
): Promise<boolean> {
  const before = await store.get(replId)
  if (before === undefined) return false
  const at = now()
  const { repl, refusal } = await store.update(replId, (current) =>
    transition(current, { type: 'sandbox-found', at, generation, sandboxId }),
  )
  if (refusal !== undefined) return false
  log.warn('a sandbox that was given up is there again', { repl: replId, generation, sandbox: sandboxId })
  if (repl.state.kind === 'failed' && repl.state.during === 'run') {
    await lifecycle.tell(replId, { type: 'resume-asked', at })
  }
  return true
}

interface Swept {
  sandboxes: Sandbox[]
  repls: Repl[]
  /** Since when the store has known every REPL. */
  since: number
}

/** Whether a sandbox may hold work of which a store that was emptied, or brought back from a backup, knows nothing: it stays. */
async function isBeyondStore(deps: SweepDeps, { id, label, createdAt }: Sandbox, since: number): Promise<boolean> {
  if (label === undefined) return false
  const { replId, generation } = label
  const repl = await deps.store.get(replId)
  const isBeyond = repl === undefined ? createdAt < since : generation > repl.generation
  if (isBeyond) deps.log.warn(KEPT_BEYOND_STORE, { sandbox: id, repl: replId, generation })
  return isBeyond
}

const KEPT_BEYOND_STORE =
  'a sandbox is kept whose REPL the state store does not know as it is: was the store emptied or brought back from a backup? (npm run recover registers REPLs again)'

/** Removes sandboxes that no record names, but for spares and those young enough to be about to become one. */
async function sweepOrphans(deps: SweepDeps, { sandboxes, repls, since }: Swept): Promise<void> {
  if (orphansAmong(deps, sandboxes, repls).length === 0) return
  // Anew: a record may have come to name a sandbox since the pass began.
  const orphans = orphansAmong(deps, sandboxes, await Array.fromAsync(deps.store.all()))
  for (const sandbox of orphans) {
    const { id, label } = sandbox
    await attempt(deps, id, async () => {
      if (label !== undefined && (await takeBack(deps, { sandboxId: id, ...label }))) return
      if (await isBeyondStore(deps, sandbox, since)) return
      if (!isSpare(sandbox)) await deps.orchestrator.remove(id)
      // A start that chose this spare a moment ago keeps it.
      else if (!(await removeUnclaimed(deps.orchestrator, id))) return
      deps.log.info('removed a sandbox that no REPL has', {
        sandbox: id,
        repl: label?.replId,
        generation: label?.generation,
      })
    })
  }
}

function orphansAmong({ sparePlan, now }: SweepDeps, sandboxes: Sandbox[], repls: Repl[]): Sandbox[] {
  const named = new Set(repls.map(sandboxOf))
  const free = sandboxes.filter(({ id }) => !named.has(id))
  const excess = excessSpares(free.filter(isSpare), sparePlan, now()).filter(
    ({ createdAt, isOutdated }) => isOutdated === true || now() - createdAt >= ORPHAN_GRACE_MS,
  )
  return [...free.filter((sandbox) => !isSpare(sandbox)), ...excess]
}

function isSpare({ label, state }: Sandbox): boolean {
  return label === undefined && state !== 'dead'
}
