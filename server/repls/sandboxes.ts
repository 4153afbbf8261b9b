import { AppError } from '#server/errors.ts'
import type { Log } from '#server/log.ts'
import { REMOVE_LIMIT_MS } from '#server/repls/limits.ts'
import { NOBODY } from '#server/orchestrator/orchestrator.ts'
import type { Orchestrator, SandboxLabel, SandboxPart } from '#server/orchestrator/orchestrator.ts'

/** Whether a part of a sandbox can be reached. */
export async function answers(orchestrator: Orchestrator, sandboxId: string, part: SandboxPart): Promise<boolean> {
  try {
    const stream = await orchestrator.dial(sandboxId, part)
    stream.on('error', () => undefined)
    stream.destroy()
    return true
  } catch {
    return false
  }
}

/** Starts again what died of a sandbox, and says which parts that were; `gone` if all of it did. */
export async function reviveParts(orchestrator: Orchestrator, sandboxId: string): Promise<SandboxPart[]> {
  const sandbox = await orchestrator.get(sandboxId)
  if (sandbox === undefined) throw sandboxGone(orchestrator, sandboxId)
  const isDead = async (part: SandboxPart) =>
    sandbox.deadParts?.includes(part) === true || !(await answers(orchestrator, sandboxId, part))
  const revived: SandboxPart[] = []
  if (await isDead('runner')) {
    await orchestrator.revive(sandboxId)
    revived.push('runner')
  }
  if (await isDead('sidecar')) {
    await orchestrator.rescueSave(sandboxId)
    revived.push('sidecar')
  }
  return revived
}

/** What is said of a sandbox that is not there any more. */
export function sandboxGone(orchestrator: Orchestrator, sandboxId: string): AppError {
  const why = orchestrator.lossOf?.(sandboxId)
  return new AppError('gone', `Its sandbox (${sandboxId}) is gone${why === undefined ? '' : `: ${why}`}.`, {
    advice: 'Start it again: it comes back as it was last saved.',
  })
}

/**
 * Removes a sandbox if it is this repl's. A spare that was chosen but never labelled may have gone to another repl
 * meanwhile: the label decides.
 */
export async function removeOwn(orchestrator: Orchestrator, sandboxId: string, label: SandboxLabel): Promise<void> {
  const sandbox = await orchestrator.get(sandboxId)
  if (sandbox === undefined) return
  try {
    await orchestrator.label(sandboxId, label)
  } catch (error) {
    if (error instanceof AppError && error.code === 'conflict') return
    // It cannot be labelled, by nobody: what has a label now is ours or nobody's.
    const isOurs = sandbox.label === undefined || sandbox.label.replId === label.replId
    if (!isOurs) throw error
  }
  await orchestrator.remove(sandboxId)
}

/** Removes a sandbox that was to be a spare, unless somebody has taken it; whether it is gone. Who labels first has it. */
export async function removeUnclaimed(orchestrator: Orchestrator, sandboxId: string): Promise<boolean> {
  try {
    await orchestrator.label(sandboxId, NOBODY)
  } catch (error) {
    if (error instanceof AppError && error.code === 'conflict') return false
    if (!(error instanceof AppError) || error.code !== 'not_found') throw error
  }
  await orchestrator.remove(sandboxId)
  return true
}

/** Removes what nobody needs any more; what cannot be removed now is left to the sweeper. */
export async function tryRemove(
  remove: () => Promise<void>,
  { log, sandboxId, limitMs = REMOVE_LIMIT_MS }: { log: Log; sandboxId: string; limitMs?: number },
): Promise<void> {
  try {
    await withLimit(remove(), limitMs)
  } catch (error) {
    log.warn('a sandbox could not be removed; the sweeper tries again', { sandbox: sandboxId, error: String(error) })
  }
}

async function withLimit(work: Promise<void>, ms: number): Promise<void> {
  const timeout = Promise.withResolvers<never>()
  const timer = setTimeout(() => timeout.reject(new AppError('timeout', `No answer for ${ms / 1000} s.`)), ms)
  try {
    await Promise.race([work, timeout.promise])
  } finally {
    clearTimeout(timer)
  }
}
