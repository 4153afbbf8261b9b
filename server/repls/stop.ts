import type { SaveProgress } from '#protocol/adoption.ts'
import { AppError, toAppError } from '#server/errors.ts'
import { adoptRequestOf } from '#server/repls/adopt-request.ts'
import { reasonOf } from '#server/repls/reason.ts'
import type { Work } from '#server/repls/driver.ts'
import { STOP_ATTEMPTS, STOP_LIMIT_MS } from '#server/repls/limits.ts'
import { orAbort } from '#server/repls/or-abort.ts'
import { createProgress } from '#server/repls/progress.ts'
import type { Progress } from '#server/repls/progress.ts'
import { answers, removeOwn, sandboxGone, tryRemove } from '#server/repls/sandboxes.ts'
import { showSave } from '#server/repls/sidecar-phases.ts'
import type { StartDeps } from '#server/repls/start.ts'

/** Brings a stopping repl to rest. Its sandbox is removed only when the last save is committed. */
export async function runStop(deps: StartDeps, work: Work): Promise<void> {
  const { repl, signal } = work
  if (repl.state.kind !== 'stopping') return
  const { generation, state } = repl
  const { sandboxId } = state
  const beganAt = performance.now()
  let saved: Saved | undefined
  if (state.work === 'unsaved') {
    if (sandboxId === null) throw new AppError('internal', 'There is no sandbox to save.')
    saved = await save(deps, work, sandboxId)
    if (saved === undefined) return deps.metrics.stopEnded('failed', (performance.now() - beganAt) / 1000)
  }
  await using progress = createProgress(work, deps.now)
  progress.show({ name: 'remove' })
  if (sandboxId !== null) {
    await tryRemove(() => removeOwn(deps.orchestrator, sandboxId, { replId: repl.id, generation }), {
      log: deps.log,
      sandboxId,
    })
  }
  await progress[Symbol.asyncDispose]()
  signal.throwIfAborted()
  const after = await work.apply({ type: 'removed', at: deps.now(), generation })
  const ms = Math.round(performance.now() - beganAt)
  deps.metrics.stopEnded('ok', ms / 1000)
  const facts = { repl: repl.id, generation, sandbox: sandboxId, ms }
  deps.log.info('stopped a REPL', { ...facts, ...saved })
  if (after.state.kind === 'deleted') deps.log.info('deleted a REPL', { repl: repl.id, generation })
}

/** What the last save holds. */
interface Saved {
  files: number
  bytes: number
}

/** What was committed at last; `undefined`: the record says why nothing was, and the sandbox stays. */
async function save(deps: StartDeps, work: Work, sandboxId: string): Promise<Saved | undefined> {
  const { repl, signal } = work
  const { generation } = repl
  const timeout = AbortSignal.timeout(STOP_LIMIT_MS)
  const progress = createProgress(work, deps.now)
  progress.show({ name: 'save' })
  let saved: Saved
  try {
    const either = AbortSignal.any([signal, timeout])
    saved = await orAbort(saveSomehow(deps, work, { sandboxId, progress, signal: either }), either)
    await progress[Symbol.asyncDispose]()
  } catch (error) {
    await progress[Symbol.asyncDispose]()
    if (signal.aborted) throw error
    const reason = timeout.aborted
      ? new AppError('timeout', `The last save took longer than ${STOP_LIMIT_MS / 60_000} minutes.`, { cause: error })
      : toAppError(error)
    deps.log.error('a last save failed; the sandbox is kept', reason, { repl: repl.id, generation, sandbox: sandboxId })
    const isGone = (await deps.orchestrator.get(sandboxId).catch(() => null)) === undefined
    await work.apply(
      isGone
        ? {
            type: 'sandbox-lost',
            at: deps.now(),
            generation,
            error: reasonOf(sandboxGone(deps.orchestrator, sandboxId)),
          }
        : { type: 'stop-failed', at: deps.now(), generation, error: reasonOf(reason) },
    )
    return undefined
  }
  await work.apply({ type: 'saved', at: deps.now(), generation })
  return saved
}

interface Saving {
  sandboxId: string
  progress: Progress
  signal: AbortSignal
}

/**
 * Asks the sidecar to stop and save. One that died is started anew on the same volume first; one that knows no repl was
 * started so by a control plane that died before it could say whose it is.
 */
async function saveSomehow(deps: StartDeps, work: Work, saving: Saving): Promise<Saved> {
  const { sandboxId, progress, signal } = saving
  let saved: Saved = { files: 0, bytes: 0 }
  const onProgress = (line: SaveProgress) => {
    if (line.phase === 'done') saved = { files: line.files, bytes: line.bytes }
    showSave(progress, line)
  }
  for (let attempt = 1; ; attempt++) {
    try {
      await deps.sidecar.stop(sandboxId, onProgress, signal)
      return saved
    } catch (error) {
      const mayHelp = error instanceof AppError && (error.code === 'unavailable' || error.code === 'conflict')
      if (!mayHelp || signal.aborted || attempt === STOP_ATTEMPTS) throw error
      deps.log.warn('a last save broke off', { repl: work.repl.id, sandbox: sandboxId, error: error.message })
      if (error.code === 'conflict') await adoptAgain(deps, work, saving)
      else if (!(await answers(deps.orchestrator, sandboxId, 'sidecar'))) await rescue(deps, work, saving)
    }
  }
}

async function rescue(deps: StartDeps, work: Work, saving: Saving): Promise<void> {
  const { sandboxId, progress } = saving
  if ((await deps.orchestrator.get(sandboxId)) === undefined) throw sandboxGone(deps.orchestrator, sandboxId)
  progress.show({ name: 'save', detail: 'Starting the saving process again' })
  await deps.orchestrator.rescueSave(sandboxId)
  await adoptAgain(deps, work, saving)
}

/** Its own marker beside the volume keeps the sidecar from restoring over live work. */
async function adoptAgain(deps: StartDeps, { repl }: Work, { sandboxId, signal }: Saving): Promise<void> {
  const request = await adoptRequestOf(deps, repl, { sandboxId, isResumed: true })
  await deps.sidecar.adopt(request, () => undefined, signal)
}
