import type { AdoptProgress } from '#protocol/adoption.ts'
import { newSandboxId } from '#protocol/ids.ts'
import type { Tokens } from '#server/auth/tokens.ts'
import { AppError, toAppError } from '#server/errors.ts'
import type { Log } from '#server/log.ts'
import { adoptRequestOf } from '#server/repls/adopt-request.ts'
import { reasonOf } from '#server/repls/reason.ts'
import type { Work } from '#server/repls/driver.ts'
import { CLEANUP_LIMIT_MS, CLONE_LIMIT_MS, START_LIMIT_MS } from '#server/repls/limits.ts'
import { orAbort } from '#server/repls/or-abort.ts'
import { createProgress, ofTotal } from '#server/repls/progress.ts'
import type { Progress } from '#server/repls/progress.ts'
import type { Repl } from '#server/repls/record.ts'
import { answers, findSandbox, removeOwn, tryRemove } from '#server/repls/sandboxes.ts'
import type { Spares } from '#server/repls/spares.ts'
import type { Orchestrator, SandboxLimits, SandboxPart } from '#server/orchestrator/orchestrator.ts'
import type { Template } from '#server/workspaces/template.ts'
import type { Templates } from '#server/workspaces/templates.ts'
import type { SidecarClient, Workspaces } from '#server/workspaces/workspaces.ts'

/** What starts and stops are done with. */
export interface StartDeps {
  orchestrator: Orchestrator
  sidecar: SidecarClient
  workspaces: Workspaces
  templates: Templates
  tokens: Tokens
  spares: Spares
  sandboxLimits: SandboxLimits
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
  const limitMs = mustClone(repl) ? CLONE_LIMIT_MS : START_LIMIT_MS
  const timeout = AbortSignal.timeout(limitMs)
  const progress = createProgress(work, deps.now)
  const attempt = { work, progress, signal: AbortSignal.any([signal, timeout]), sandboxId: repl.state.sandboxId }
  try {
    await orAbort(isFresh ? startFresh(deps, attempt) : resume(deps, attempt), attempt.signal)
    await progress[Symbol.asyncDispose]()
    await work.apply({ type: 'opened', at: deps.now(), generation: repl.generation })
  } catch (error) {
    await progress[Symbol.asyncDispose]()
    if (signal.aborted) throw error
    const cause = timeout.aborted
      ? new AppError('timeout', `The start took longer than ${limitMs / 60_000} minutes.`, { cause: error })
      : error
    await fail(deps, attempt, cause)
  }
}

interface Attempt {
  work: Work
  progress: Progress
  signal: AbortSignal
  /** The sandbox chosen so far. */
  sandboxId: string | null
}

async function startFresh(deps: StartDeps, attempt: Attempt): Promise<void> {
  const sandboxId = await claimSandbox(deps, attempt)
  await adopt(deps, attempt, { sandboxId, isResumed: false })
}

/** A sandbox labelled as this repl's. Its name is in the record before anything is done with it. */
async function claimSandbox(deps: StartDeps, attempt: Attempt): Promise<string> {
  const { work, signal } = attempt
  const { repl } = work
  const template = deps.templates.get(repl.template)
  const limits = { ...deps.sandboxLimits, ...defined(template.manifest.limits) }
  for (;;) {
    const isOurChoice = attempt.sandboxId === null
    const sandboxId = attempt.sandboxId ?? (await liveSpare(deps, template)) ?? newSandboxId()
    if (isOurChoice) {
      attempt.sandboxId = sandboxId
      await work.apply({ type: 'sandbox-chosen', at: deps.now(), generation: repl.generation, sandboxId })
    }
    signal.throwIfAborted()
    await deps.orchestrator.create(sandboxId, { template: template.key, limits, signal })
    try {
      await deps.orchestrator.label(sandboxId, { replId: repl.id, generation: repl.generation })
      return sandboxId
    } catch (error) {
      const isTaken = error instanceof AppError && error.code === 'conflict'
      if (!isTaken) throw error
      // Another control plane was quicker with this spare.
      attempt.sandboxId = null
    }
  }
}

/** A spare that answers; one that died unnoticed is left to the sweeper. */
async function liveSpare({ spares, orchestrator }: StartDeps, template: Template): Promise<string | undefined> {
  for (let spare = spares.take(template); spare !== undefined; spare = spares.take(template)) {
    if (await answers(orchestrator, spare, 'sidecar')) return spare
  }
  return undefined
}

async function resume(deps: StartDeps, attempt: Attempt): Promise<void> {
  const { sandboxId } = attempt
  attempt.progress.show({ name: 'open' })
  if (sandboxId === null) throw new AppError('internal', 'There is no sandbox to resume.')
  await reviveParts(deps.orchestrator, sandboxId)
  await adopt(deps, attempt, { sandboxId, isResumed: true })
}

/** Starts again what died of a sandbox; `gone` if all of it did. */
export async function reviveParts(orchestrator: Orchestrator, sandboxId: string): Promise<void> {
  const sandbox = await findSandbox(orchestrator, sandboxId)
  if (sandbox === undefined) throw sandboxGone(sandboxId)
  const isDead = async (part: SandboxPart) =>
    sandbox.deadParts?.includes(part) === true || !(await answers(orchestrator, sandboxId, part))
  if (await isDead('runner')) await orchestrator.revive(sandboxId)
  if (await isDead('sidecar')) await orchestrator.rescueSave(sandboxId)
}

/** What is said of a sandbox that is not there any more. */
export function sandboxGone(sandboxId: string): AppError {
  return new AppError('gone', `Its sandbox (${sandboxId}) is gone.`, {
    advice: 'Start it again: it comes back as it was last saved.',
  })
}

/** Hands the sandbox its identity. `isResumed`: what lies there is newer than any snapshot and must stay. */
async function adopt(
  deps: StartDeps,
  { work, progress, signal }: Attempt,
  options: { sandboxId: string; isResumed: boolean },
): Promise<void> {
  const { repl } = work
  let names: string[] | undefined
  const request = await adoptRequestOf(deps, repl, options)
  progress.show({ name: request.clone !== undefined ? 'clone' : request.restore ? 'restore' : 'open' })
  const onProgress = (line: AdoptProgress) => {
    if (line.phase === 'done') names = line.names
    else showAdoption(progress, line)
  }
  await deps.sidecar.adopt(request, onProgress, signal)
  if (request.clone !== undefined && names !== undefined) await deps.onCloned(repl.id, names)
}

async function fail(deps: StartDeps, { work, sandboxId }: Attempt, error: unknown): Promise<void> {
  const { repl } = work
  const { generation } = repl
  const isFresh = repl.state.kind === 'starting' && repl.state.mode === 'fresh'
  const reason = toAppError(error)
  deps.log.warn('a start failed', { repl: repl.id, generation, code: reason.code, error: reason.message })
  if (reason.code === 'internal') deps.log.error('a start failed unexpectedly', error, { repl: repl.id })
  if (isFresh && sandboxId !== null) {
    await tryRemove(() => removeOwn(deps.orchestrator, sandboxId, { replId: repl.id, generation }), {
      log: deps.log,
      sandboxId,
      limitMs: CLEANUP_LIMIT_MS,
    })
  }
  const isGone = !isFresh && reason.code === 'gone'
  await work.apply({
    type: isGone ? 'sandbox-lost' : 'start-failed',
    at: deps.now(),
    generation,
    error: reasonOf(reason),
  })
}

function showAdoption(progress: Progress, line: AdoptProgress): void {
  switch (line.phase) {
    case 'restoring':
      return progress.show({ name: 'restore', ...ofTotal(line.doneFiles, line.totalFiles, 'files') })
    case 'cloning':
      return progress.show({
        name: 'clone',
        detail: line.message,
        ...(line.percent !== undefined && { percent: line.percent }),
      })
    case 'opening':
      return progress.show({ name: 'open' })
    case 'done':
    case 'failed':
  }
}

function mustClone({ source }: Repl): boolean {
  return source.kind === 'git' && !source.isCloned
}

function defined(limits: { memoryBytes?: number | undefined; cpus?: number | undefined }) {
  return {
    ...(limits.memoryBytes !== undefined && { memoryBytes: limits.memoryBytes }),
    ...(limits.cpus !== undefined && { cpus: limits.cpus }),
  }
}
