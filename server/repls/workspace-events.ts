import type { GenerationClaims } from '#protocol/claims.ts'
import { AppError } from '#server/errors.ts'
import { REPORT_EVERY_MS } from '#server/repls/limits.ts'
import { sandboxOf, workspaceOf } from '#server/repls/record.ts'
import type { Repl } from '#server/repls/record.ts'
import type { ReplStore } from '#server/repls/store.ts'
import { createThrottle } from '#server/repls/touches.ts'
import type { WorkspaceEvents } from '#server/workspaces/workspaces.ts'

type Report = Parameters<WorkspaceEvents['reported']>[1]

export function createWorkspaceEvents({ store, now }: { store: ReplStore; now: () => number }): WorkspaceEvents {
  const isDue = createThrottle(REPORT_EVERY_MS, now)

  const authorize = async (claims: GenerationClaims) => {
    const repl = await store.get(claims.repl)
    if (repl === undefined) throw new AppError('conflict', 'This REPL does not exist any more.')
    check(repl, claims)
    return repl
  }

  return {
    authorize: async (claims) => workspaceOf(await authorize(claims)),

    committed: async (claims, head) => {
      await store.update(claims.repl, (repl) => {
        check(repl, claims)
        const { unsavedSince: _backed, ...rest } = repl
        return { ...rest, savedAt: head.savedAt }
      })
    },

    reported: async (claims, report) => {
      const repl = await authorize(claims)
      if (!isNews(repl, report) && !isDue(repl.id)) return
      await store.update(claims.repl, (current) => {
        check(current, claims)
        return withReport(current, report, now())
      })
    },
  }
}

/** A token serves its own sandbox only, and only while that is the repl's newest. */
function check(repl: Repl, claims: GenerationClaims): void {
  if (claims.generation !== repl.generation) {
    throw new AppError('conflict', `Generation ${claims.generation} of this REPL was replaced by ${repl.generation}.`)
  }
  const sandboxId = sandboxOf(repl)
  if (sandboxId === undefined) throw new AppError('conflict', 'This REPL has no sandbox any more.')
  if (claims.sandbox !== sandboxId) throw new AppError('forbidden', 'This token belongs to another sandbox.')
}

/** Whether saving began to fail or works again: people must see that at once. */
function isNews(repl: Repl, { unsavedSince }: Report): boolean {
  return unsavedSince !== undefined && (unsavedSince === null) !== (repl.unsavedSince === undefined)
}

function withReport(repl: Repl, { usedBytes, activeAt, work, unsavedSince }: Report, now: number): Repl {
  const { unsavedSince: before, activeAt: workedAt, activeBy, ...rest } = repl
  const since = unsavedSince === undefined ? before : (unsavedSince ?? undefined)
  return {
    ...rest,
    ...(usedBytes !== undefined && { usedBytes }),
    ...(activeAt === undefined || activeAt < workedAt
      ? { activeAt: workedAt, ...(activeBy !== undefined && { activeBy }) }
      : // A sandbox may claim what it likes, but not work in the future.
        { activeAt: Math.max(workedAt, Math.min(activeAt, now)), ...(work !== undefined && { activeBy: work }) }),
    ...(since !== undefined && { unsavedSince: since }),
  }
}
