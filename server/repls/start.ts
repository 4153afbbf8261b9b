import type { AdoptProgress, AdoptRequest } from '#protocol/adoption.ts'
import { newSandboxId } from '#protocol/ids.ts'
import type { Tokens } from '#server/auth/tokens.ts'
import { AppError } from '#server/errors.ts'
import type { Log } from '#server/log.ts'
import type { Metrics, StartOutcome } from '#server/metrics/metrics.ts'
import { adoptRequestOf } from '#server/repls/adopt-request.ts'
import { reasonOf } from '#server/repls/reason.ts'
import type { Work } from '#server/repls/driver.ts'
import { CLEANUP_LIMIT_MS, CLONE_LIMIT_MS, START_LIMIT_MS, START_STALL_MS } from '#server/repls/limits.ts'
import { orAbort } from '#server/repls/or-abort.ts'
import { createPatience } from '#server/repls/patience.ts'
import type { Patience } from '#server/repls/patience.ts'
import { createProgress } from '#server/repls/progress.ts'
import type { Progress } from '#server/repls/progress.ts'
import { workspaceOf } from '#server/repls/record.ts'
import type { Repl } from '#server/repls/record.ts'
import { removeOwn, reviveParts, tryRemove } from '#server/repls/sandboxes.ts'
import { showAdoption } from '#server/repls/sidecar-phases.ts'
import type { Spares } from '#server/repls/spares.ts'
import type { KeptVariables } from '#server/repls/variables.ts'
import type { Orchestrator, SandboxLimits } from '#server/orchestrator/orchestrator.ts'
import type { ConnectionsAhead } from '#server/workspaces/connections-ahead.ts'
import type { Templates } from '#server/workspaces/templates.ts'
import type { SidecarClient, Workspaces } from '#server/workspaces/workspaces.ts'

/** What starts and stops are done with. */
export interface StartDeps {
  orchestrator: Orchestrator
  sidecar: SidecarClient
  workspaces: Workspaces
  templates: Templates
  tokens: Tokens
  variables: Pick<KeptVariables, 'of'>
  spares: Spares
  /** Connections to runners, for whoever waits for the start. */
  runners: Pick<ConnectionsAhead, 'make'>
  sandboxLimits: SandboxLimits
  metrics: Pick<Metrics, 'startEnded' | 'stopEnded'>
  log: Log
  now: () => number
  /** Called when the file names of a fresh clone are known. */
  onCloned(replId: string, names: string[]): Promise<void>
}

/** Brings a starting repl to running, or to failed with the reason and nothing left behind. */
export async function runStart(deps: StartDeps, work: Work): Promise<void> {
  const { repl, signal } = work
  if (repl.state.kind !== 'starting') return
  const isFresh = repl.state.mode === 'fresh'
  using patience = mustClone(repl)
    ? createPatience({ stallMs: CLONE_LIMIT_MS, limitMs: CLONE_LIMIT_MS })
    : createPatience({ stallMs: START_STALL_MS, limitMs: START_LIMIT_MS })
  const progress = createProgress(work, deps.now)
  const attempt: Attempt = {
    work,
    progress,
    patience,
    signal: AbortSignal.any([signal, patience.signal]),
    sandboxId: repl.state.sandboxId,
    isFresh,
    isSpare: false,
    beganAt: performance.now(),
  }
  try {
    await orAbort(isFresh ? startFresh(deps, attempt) : resume(deps, attempt), attempt.signal)
    await progress[Symbol.asyncDispose]()
    await work.apply({ type: 'opened', at: deps.now(), generation: repl.generation })
    measure(deps, attempt, 'ok')
    deps.log.info(isFresh ? 'started a REPL' : 'resumed a REPL', {
      ...factsOf(attempt),
      ...(isFresh && { from: attempt.isSpare ? 'spare' : 'cold' }),
    })
  } catch (error) {
    await progress[Symbol.asyncDispose]()
    if (signal.aborted) throw error
    await fail(deps, attempt, patience.over === undefined ? error : tooSlow(patience.over, error))
  }
}

function tooSlow({ kind, ms }: NonNullable<Patience['over']>, cause: unknown): AppError {
  const minutes = ms / 60_000
  const what =
    kind === 'stall' ? `Nothing went on for ${minutes} minutes` : `The start took longer than ${minutes} minutes`
  return new AppError('timeout', `${what}.`, { cause, advice: 'Start it again. All that was saved is safe.' })
}

interface Attempt {
  work: Work
  progress: Progress
  patience: Patience
  signal: AbortSignal
  /** The sandbox chosen so far. */
  sandboxId: string | null
  /** Whether it begins a new generation; else a sandbox with work in it is brought back. */
  isFresh: boolean
  isSpare: boolean
  /** By `performance.now`. */
  beganAt: number
}

function measure(
  { metrics }: StartDeps,
  { isFresh, isSpare, beganAt }: Attempt,
  outcome: StartOutcome['outcome'],
): void {
  const from = isFresh ? (isSpare ? 'spare' : 'cold') : 'resume'
  metrics.startEnded({ from, outcome }, (performance.now() - beganAt) / 1000)
}

function factsOf({ work: { repl }, sandboxId, beganAt }: Attempt) {
  return {
    repl: repl.id,
    generation: repl.generation,
    sandbox: sandboxId,
    ms: Math.round(performance.now() - beganAt),
  }
}

async function startFresh(deps: StartDeps, attempt: Attempt): Promise<void> {
  let atHand = readAtHand(deps, attempt)
  for (;;) {
    const { sandboxId, head } = await claimSandbox(deps, attempt)
    try {
      return await adopt(deps, attempt, { sandboxId, isResumed: false, head, atHand: await atHand })
    } catch (error) {
      // Nothing depends on what is at hand: a start does not fail of it.
      if (isNotTaken(error) && (await atHand) !== undefined) {
        deps.log.warn('a sidecar does not take what is at hand', { ...factsOf(attempt), error: String(error) })
        atHand = Promise.resolve(undefined)
        continue
      }
      // A spare of before the state store was lost, and the signing key with it: it obeys nobody any more.
      const isOfOldKey = error instanceof AppError && error.code === 'unauthenticated'
      if (!attempt.isSpare || !isOfOldKey) throw error
      const { id, generation } = attempt.work.repl
      await tryRemove(() => removeOwn(deps.orchestrator, sandboxId, { replId: id, generation }), {
        log: deps.log,
        sandboxId,
      })
      attempt.sandboxId = null
    }
  }
}

function isNotTaken(error: unknown): boolean {
  return error instanceof AppError && (error.code === 'bad_request' || error.code === 'too_large')
}

/** What is told of the snapshot ahead. Nothing depends on it: what is not there, the sidecar asks for. */
type Ahead = Pick<AdoptRequest, 'head' | 'atHand'>

/** Read while the sandbox comes up. */
async function readAtHand({ workspaces, log }: StartDeps, { work: { repl } }: Attempt): Promise<Ahead['atHand']> {
  if (mustClone(repl)) return undefined
  try {
    return await workspaces.atHand(workspaceOf(repl))
  } catch (error) {
    log.debug('a snapshot could not be read ahead', { repl: repl.id, error: String(error) })
    return undefined
  }
}

/** Not before its sandbox is up: one of an older generation that still saves may do so until then. */
async function claimHead({ workspaces, log }: StartDeps, { work: { repl } }: Attempt): Promise<Ahead['head']> {
  try {
    return await workspaces.claim(repl.id, repl.generation)
  } catch (error) {
    log.debug('a head could not be taken over ahead', { repl: repl.id, error: String(error) })
    return undefined
  }
}

/** A sandbox labelled as this repl's, and the repl's head. Its name is in the record before anything is done with it. */
async function claimSandbox(deps: StartDeps, attempt: Attempt): Promise<{ sandboxId: string; head: Ahead['head'] }> {
  const { work, signal } = attempt
  const { repl } = work
  const template = deps.templates.ofRepl(repl.template)
  const limits = limitsOf(deps.templates, template.key, deps.sandboxLimits)
  for (;;) {
    const isOurChoice = attempt.sandboxId === null
    const spare = isOurChoice ? deps.spares.take(template) : undefined
    const sandboxId = attempt.sandboxId ?? spare ?? newSandboxId()
    if (isOurChoice) {
      attempt.sandboxId = sandboxId
      attempt.isSpare = spare !== undefined
      const [, isThere] = await Promise.all([
        work.apply({ type: 'sandbox-chosen', at: deps.now(), generation: repl.generation, sandboxId }),
        spare === undefined || answers(deps, spare),
      ])
      if (!isThere) {
        attempt.sandboxId = null
        continue
      }
    }
    signal.throwIfAborted()
    await deps.orchestrator.create(sandboxId, { template: template.key, limits, signal })
    attempt.patience.renew()
    try {
      // None of them waits for another.
      const [head] = await Promise.all([
        claimHead(deps, attempt),
        deps.orchestrator.label(sandboxId, { replId: repl.id, generation: repl.generation }),
        deps.sidecar.reach(sandboxId),
      ])
      return { sandboxId, head }
    } catch (error) {
      const isTaken = error instanceof AppError && error.code === 'conflict'
      if (!isTaken) throw error
      // Another control plane was quicker with this spare.
      attempt.sandboxId = null
    }
  }
}

/** What a template's sandboxes may use: the installation's limits, where the template has no lower ones. */
export function limitsOf(templates: Templates, key: string, limits: SandboxLimits): SandboxLimits {
  return { ...limits, ...defined(templates.get(key).manifest.limits) }
}

/** Whether a spare answers; one that died unnoticed is left to the sweeper. */
function answers({ sidecar }: StartDeps, spare: string): Promise<boolean> {
  return sidecar.reach(spare).then(
    () => true,
    () => false,
  )
}

async function resume(deps: StartDeps, attempt: Attempt): Promise<void> {
  const { sandboxId } = attempt
  attempt.progress.show({ name: 'open' })
  if (sandboxId === null) throw new AppError('internal', 'There is no sandbox to resume.')
  for (const part of await reviveParts(deps.orchestrator, sandboxId)) {
    deps.log.info(`restarted a ${part}`, factsOf(attempt))
  }
  await adopt(deps, attempt, { sandboxId, isResumed: true })
}

/** Hands the sandbox its identity. `isResumed`: what lies there is newer than any snapshot and must stay. */
async function adopt(
  deps: StartDeps,
  { work, progress, patience, signal }: Attempt,
  options: { sandboxId: string; isResumed: boolean } & Ahead,
): Promise<void> {
  const { repl } = work
  let names: string[] | undefined
  const request = await adoptRequestOf(deps, repl, options)
  progress.show({ name: request.clone !== undefined ? 'clone' : request.restore ? 'restore' : 'open' })
  // Nobody waits for it: whoever comes connects for themselves where this failed.
  const connectAhead = () => void deps.runners.make(options.sandboxId).catch(() => undefined)
  connectAhead()
  const onProgress = (line: AdoptProgress) => {
    patience.renew()
    // A runner that is still coming up could not be reached before.
    if (line.phase === 'opening') connectAhead()
    if (line.phase === 'done') names = line.names
    // A clone is a part of the opening, and the longer one: it is what people wait for.
    else if (line.phase !== 'opening' || request.clone === undefined) showAdoption(progress, line)
  }
  await deps.sidecar.adopt(request, onProgress, signal)
  if (request.clone !== undefined && names !== undefined) await deps.onCloned(repl.id, names)
}

async function fail(deps: StartDeps, attempt: Attempt, error: unknown): Promise<void> {
  const { work, sandboxId, isFresh } = attempt
  const { repl } = work
  const { generation } = repl
  const reason = reasonOf(error)
  measure(deps, attempt, reason.code)
  if (reason.code === 'internal') deps.log.error('a start failed unexpectedly', error, factsOf(attempt))
  else deps.log.warn('a start failed', { ...factsOf(attempt), code: reason.code, error: reason.message })
  const isGone = !isFresh && reason.code === 'gone'
  const ahead = isFresh && reason.code === 'conflict' ? await headAhead(deps, repl) : undefined
  // First, and fenced: whoever took over uses this very sandbox. Where it is refused, or may have been, the sandbox stays;
  // the sweeper removes what no record names.
  const at = deps.now()
  await work.apply(
    isGone
      ? { type: 'sandbox-lost', at, generation, error: reason }
      : ahead === undefined
        ? { type: 'start-failed', at, generation, error: reason }
        : { type: 'start-failed', at, generation, error: { ...reason, advice: STORE_WAS_BEHIND }, ahead },
  )
  if (!isFresh || sandboxId === null) return
  await tryRemove(() => removeOwn(deps.orchestrator, sandboxId, { replId: repl.id, generation }), {
    log: deps.log,
    sandboxId,
    limitMs: CLEANUP_LIMIT_MS,
  })
}

/** The generation of the newest snapshot, where the record is behind it. */
async function headAhead({ workspaces }: StartDeps, { id, generation }: Repl): Promise<number | undefined> {
  const head = await workspaces.head(id).catch(() => undefined)
  return head !== undefined && head.generation > generation ? head.generation : undefined
}

const STORE_WAS_BEHIND =
  'The state store knew an older state of it, as after it was brought back from a backup. Start it again: all that was saved is there.'

function mustClone({ source }: Repl): boolean {
  return source.kind === 'git' && !source.isCloned
}

function defined(limits: { memoryBytes?: number | undefined; cpus?: number | undefined }) {
  return {
    ...(limits.memoryBytes !== undefined && { memoryBytes: limits.memoryBytes }),
    ...(limits.cpus !== undefined && { cpus: limits.cpus }),
  }
}
