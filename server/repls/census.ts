import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '#server/log.ts'
import type { Orchestrator, Sandbox } from '#server/orchestrator/orchestrator.ts'
import { SPARE_RETRY_MS } from '#server/repls/limits.ts'

/** What sandboxes there are, as last heard: quick to ask, and told on by the orchestrator. */
export interface Census extends AsyncDisposable {
  all: () => Sandbox[]
  /** Resolves once the first full picture is there, or could not be had. */
  ready: Promise<void>
}

/** Follows `orchestrator.observe()`; `onChange` is called for every change after the first. */
export function createCensus(
  orchestrator: Orchestrator,
  { log, onChange }: { log: Log; onChange: (sandbox: Sandbox | undefined) => void },
): Census {
  const sandboxes = new Map<string, Sandbox>()
  const closing = new AbortController()

  const list = async () => {
    for (const sandbox of await orchestrator.list()) sandboxes.set(sandbox.id, sandbox)
    onChange(undefined)
  }
  const follow = async () => {
    while (!closing.signal.aborted) {
      try {
        for await (const observation of orchestrator.observe(closing.signal)) {
          if (observation.kind === 'removed') sandboxes.delete(observation.sandboxId)
          else sandboxes.set(observation.sandbox.id, observation.sandbox)
          onChange(observation.kind === 'sandbox' ? observation.sandbox : undefined)
        }
      } catch (error) {
        if (!closing.signal.aborted) log.error('observing sandboxes broke off', error)
      }
      await delay(closing.signal.aborted ? 0 : SPARE_RETRY_MS, undefined, { signal: closing.signal }).catch(
        () => undefined,
      )
    }
  }

  const ready = list().catch((error: unknown) => log.error('sandboxes could not be listed', error))
  const following = ready.then(follow)
  return {
    all: () => [...sandboxes.values()],
    ready,
    [Symbol.asyncDispose]: async () => {
      closing.abort()
      await following
    },
  }
}
