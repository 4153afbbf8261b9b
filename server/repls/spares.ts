import { newSandboxId } from '#protocol/ids.ts'
import type { Log } from '#server/log.ts'
import type { Orchestrator, Sandbox, SandboxLimits } from '#server/orchestrator/orchestrator.ts'
import { CREATE_LIMIT_MS, SPARE_PAUSE_MS, SPARE_RETRY_MS, SPARE_UP_LIMIT_MS } from '#server/repls/limits.ts'
import { removeUnclaimed } from '#server/repls/sandboxes.ts'
import type { Template } from '#server/workspaces/template.ts'

/** Sandboxes that are nobody's yet, kept ready so that a start does not wait for one. */
export interface Spares extends AsyncDisposable {
  /** One that fits, no longer a spare; `undefined` if none is ready. Another control plane may take the same: the label decides. */
  take(template: Template): string | undefined
  /** Makes what is missing, one at a time. Called whenever something may have changed. */
  refill: () => void
  /** Removes them all and makes no more. */
  drain(): Promise<void>
}

interface SparesDeps {
  orchestrator: Orchestrator
  /** Sandboxes as last heard. */
  sandboxes: () => Sandbox[]
  /** What a template's sandboxes may use. */
  limitsOf: (template: string) => SandboxLimits
  /** How many are kept of each template. */
  plan: SparePlan
  log: Log
  now: () => number
}

/** How many spares of which template. Local sandboxes serve any: theirs stand under one name. */
export type SparePlan = ReadonlyMap<string, number>

/** What local spares are made as. */
export const ANY_TEMPLATE = 'empty'

/** Those of `spares` that are more than planned, or of no use at `at`; the oldest stay. */
export function excessSpares(spares: Sandbox[], plan: SparePlan, at: number): Sandbox[] {
  const { useful = [], useless = [] } = Object.groupBy(
    spares.toSorted((a, b) => a.createdAt - b.createdAt),
    (spare) => (isUseful(spare, at) ? 'useful' : 'useless'),
  )
  const byTemplate = Map.groupBy(useful, ({ template }) => template)
  return [...useless, ...[...byTemplate].flatMap(([template, all]) => all.slice(plan.get(template) ?? 0))]
}

/** Whether it is as it would be made today, and up or still to be. */
function isUseful({ state, createdAt, isOutdated }: Sandbox, at: number): boolean {
  return isOutdated !== true && (state === 'up' || at - createdAt < SPARE_UP_LIMIT_MS)
}

export function createSpares(deps: SparesDeps): Spares {
  const { orchestrator, log } = deps
  const taken = new Set<string>()
  const closing = new AbortController()
  let making: Promise<void> | undefined
  let notBefore = 0
  let later: NodeJS.Timeout | undefined

  const spares = () =>
    deps.sandboxes().filter(({ id, label, state }) => label === undefined && state !== 'dead' && !taken.has(id))

  const make = async (template: string) => {
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(CREATE_LIMIT_MS)])
    const sandboxId = newSandboxId()
    try {
      await orchestrator.create(sandboxId, { template, limits: deps.limitsOf(template), signal })
    } catch (error) {
      if (closing.signal.aborted) return
      notBefore = Date.now() + SPARE_RETRY_MS
      log.warn('a spare sandbox could not be made', { template, error: String(error) })
      await removeUnclaimed(orchestrator, sandboxId).catch(() => undefined)
    }
  }

  /** Whoever took a spare is being waited for: their start has the machine to itself first. */
  const pause = () => {
    later ??= setTimeout(() => {
      later = undefined
      refill()
    }, SPARE_PAUSE_MS).unref()
  }

  const refill = () => {
    if (making !== undefined || later !== undefined || closing.signal.aborted || Date.now() < notBefore) return
    const there = Map.groupBy(
      spares().filter((spare) => isUseful(spare, deps.now())),
      ({ template }) => template,
    )
    const [missing] = [...deps.plan].find(([template, count]) => (there.get(template)?.length ?? 0) < count) ?? []
    if (missing === undefined) return
    making = make(missing).finally(() => {
      making = undefined
    })
  }

  return {
    refill,
    take: (template) => {
      const hasOwnLimits = Object.keys(template.manifest.limits).length > 0
      const fits = isLocal(orchestrator)
        ? () => !hasOwnLimits
        : (sandbox: Sandbox) => sandbox.template === template.key && sandbox.isOutdated !== true
      const spare = spares().find((sandbox) => sandbox.state === 'up' && fits(sandbox))
      if (spare !== undefined) {
        taken.add(spare.id)
        pause()
      }
      for (const id of taken) if (!deps.sandboxes().some((sandbox) => sandbox.id === id)) taken.delete(id)
      return spare?.id
    },
    drain: async () => {
      closing.abort()
      clearTimeout(later)
      await making
      const left = (await orchestrator.list()).filter(({ id, label }) => label === undefined && !taken.has(id))
      await Promise.all(left.map(({ id }) => orchestrator.remove(id)))
    },
    [Symbol.asyncDispose]: async () => {
      closing.abort()
      clearTimeout(later)
      await making
    },
  }
}

/** Whether any sandbox serves any template. */
export function isLocal(orchestrator: Orchestrator): boolean {
  const { level } = orchestrator.isolation()
  return level === 'none' || level === 'bubblewrap'
}
