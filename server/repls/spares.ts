import { newSandboxId } from '#protocol/ids.ts'
import type { Log } from '#server/log.ts'
import type { Orchestrator, Sandbox, SandboxLimits } from '#server/orchestrator/orchestrator.ts'
import { CREATE_LIMIT_MS, SPARE_PAUSE_MS, SPARE_RETRY_MS } from '#server/repls/limits.ts'
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
  limits: SandboxLimits
  /** How many are kept. */
  count: number
  log: Log
}

/** What spares are made as: local sandboxes serve any template. */
const SPARE_TEMPLATE = 'empty'

export function createSpares(deps: SparesDeps): Spares {
  const { orchestrator, log } = deps
  const taken = new Set<string>()
  const closing = new AbortController()
  let making: Promise<void> | undefined
  let notBefore = 0
  let later: NodeJS.Timeout | undefined

  const spares = () =>
    deps.sandboxes().filter(({ id, label, state }) => label === undefined && state !== 'dead' && !taken.has(id))

  const make = async () => {
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(CREATE_LIMIT_MS)])
    const sandboxId = newSandboxId()
    try {
      await orchestrator.create(sandboxId, { template: SPARE_TEMPLATE, limits: deps.limits, signal })
    } catch (error) {
      if (closing.signal.aborted) return
      notBefore = Date.now() + SPARE_RETRY_MS
      log.warn('a spare sandbox could not be made', { error: String(error) })
      await orchestrator.remove(sandboxId).catch(() => undefined)
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
    if (spares().length >= deps.count) return
    making = make().finally(() => {
      making = undefined
    })
  }

  return {
    refill,
    take: (template) => {
      const hasOwnLimits = Object.keys(template.manifest.limits).length > 0
      const servesAny = isLocal(orchestrator)
      const spare = spares().find(
        (sandbox) => sandbox.state === 'up' && !hasOwnLimits && (servesAny || sandbox.template === template.key),
      )
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

function isLocal(orchestrator: Orchestrator): boolean {
  const { level } = orchestrator.isolation()
  return level === 'none' || level === 'bubblewrap'
}
