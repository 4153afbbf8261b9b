import type { SaveProgress } from '#protocol/adoption.ts'
import { AppError, toAppError } from '#server/errors.ts'
import { adoptRequestOf } from '#server/repls/adopt-request.ts'
import { reasonOf } from '#server/repls/reason.ts'
import type { Work } from '#server/repls/driver.ts'
import { STOP_ATTEMPTS, STOP_LIMIT_MS } from '#server/repls/limits.ts'
import { orAbort } from '#server/repls/or-abort.ts'
import { createProgress, ofTotal } from '#server/repls/progress.ts'
import type { Progress } from '#server/repls/progress.ts'
import { answers, findSandbox, removeOwn, tryRemove } from '#server/repls/sandboxes.ts'
import { sandboxGone } from '#server/repls/start.ts'
import type { StartDeps } from '#server/repls/start.ts'

/** Brings a stopping repl to rest. Its sandbox is removed only when the last save is committed. */
export async function runStop(deps: StartDeps, work: Work): Promise<void> {
  const { repl, signal } = work
  if (repl.state.kind !== 'stopping') return
  const { generation, state } = repl
  const { sandboxId } = state
  if (state.work === 'unsaved') {
    if (sandboxId === null) throw new AppError('internal', 'There is no sandbox to save.')
    const isSaved = await save(deps, work, sandboxId)
    if (!isSaved) return
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
  await work.apply({ type: 'removed', at: deps.now(), generation })
}

/** Whether the last save is committed; otherwise the record says why not, and the sandbox stays. */
async function save(deps: StartDeps, work: Work, sandboxId: string): Promise<boolean> {
  const { repl, signal } = work
  const { generation } = repl
  const timeout = AbortSignal.timeout(STOP_LIMIT_MS)
  const progress = createProgress(work, deps.now)
  progress.show({ name: 'save' })
  try {
    const either = AbortSignal.any([signal, timeout])
    await orAbort(saveSomehow(deps, work, { sandboxId, progress, signal: either }), either)
    await progress[Symbol.asyncDispose]()
  } catch (error) {
    await progress[Symbol.asyncDispose]()
    if (signal.aborted) throw error
    const reason = timeout.aborted
      ? new AppError('timeout', `The last save took longer than ${STOP_LIMIT_MS / 60_000} minutes.`, { cause: error })
      : toAppError(error)
    deps.log.error('a last save failed; the sandbox is kept', reason, { repl: repl.id, sandbox: sandboxId })
    const isGone = (await findSandbox(deps.orchestrator, sandboxId).catch(() => null)) === undefined
    await work.apply(
      isGone
        ? { type: 'sandbox-lost', at: deps.now(), generation, error: reasonOf(sandboxGone(sandboxId)) }
        : { type: 'stop-failed', at: deps.now(), generation, error: reasonOf(reason) },
    )
    return false
  }
  await work.apply({ type: 'saved', at: deps.now(), generation })
  return true
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
async function saveSomehow(deps: StartDeps, work: Work, saving: Saving): Promise<void> {
  const { sandboxId, progress, signal } = saving
  const onProgress = (line: SaveProgress) => showSave(progress, line)
  for (let attempt = 1; ; attempt++) {
    try {
      return await deps.sidecar.stop(sandboxId, onProgress, signal)
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
  if ((await findSandbox(deps.orchestrator, sandboxId)) === undefined) throw sandboxGone(sandboxId)
  progress.show({ name: 'save', detail: 'Starting the saving process again' })
  await deps.orchestrator.rescueSave(sandboxId)
  await adoptAgain(deps, work, saving)
}

/** Its own marker beside the volume keeps the sidecar from restoring over live work. */
async function adoptAgain(deps: StartDeps, { repl }: Work, { sandboxId, signal }: Saving): Promise<void> {
  const request = await adoptRequestOf(deps, repl, { sandboxId, isResumed: true })
  await deps.sidecar.adopt(request, () => undefined, signal)
}

function showSave(progress: Progress, line: SaveProgress): void {
  switch (line.phase) {
    case 'scanning':
      return progress.show({ name: 'save', detail: `Looking at ${line.files} files` })
    case 'uploading':
      return progress.show({ name: 'save', ...ofTotal(line.doneBytes, line.totalBytes, 'bytes') })
    case 'done':
    case 'failed':
  }
}
