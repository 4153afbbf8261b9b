import { setTimeout as delay } from 'node:timers/promises'
import type { OpenRequest } from '#protocol/adoption.ts'
import type { ControlPlane } from './control-plane-client.ts'
import { REPORT_INTERVAL_MS, RUNNER_POLL_MS } from './limits.ts'
import type { Runner } from './runner-client.ts'

interface ActivityOptions {
  runner: Runner
  controlPlane: ControlPlane
  /** What a restarted runner is told; without a clone. */
  openRequest: () => OpenRequest
  /** Bytes of the workspace as of the last save. */
  usedBytes: () => number | undefined
  onChange: (path?: string) => void
  onFailure: (message: string, error: unknown) => void
}

/** Watches the runner of an adopted sandbox: opens it again after a restart, follows what it saw change, passes its activity on. */
export function followRunner(options: ActivityOptions, signal: AbortSignal): Promise<void> {
  const follow = (work: Promise<void>) =>
    work.catch((error: unknown) => {
      if (!signal.aborted) options.onFailure('The runner is no longer followed.', error)
    })
  return Promise.all([follow(keepOpen(options, signal)), follow(followChanges(options, signal))]).then(() => undefined)
}

async function keepOpen(options: ActivityOptions, signal: AbortSignal): Promise<void> {
  let reportedAt = -Infinity
  for (;;) {
    const health = await options.runner.health()
    if (signal.aborted) return
    if (health?.opened === false)
      await options.runner
        .open(options.openRequest(), { patienceMs: RUNNER_POLL_MS })
        .catch((error: unknown) => options.onFailure('The restarted runner could not be opened.', error))
    if (performance.now() - reportedAt >= REPORT_INTERVAL_MS) {
      reportedAt = performance.now()
      const usedBytes = health?.usedBytes ?? options.usedBytes()
      await options.controlPlane
        .report({
          ...(usedBytes !== undefined && { usedBytes }),
          ...(health?.activeAt !== undefined && { activeAt: health.activeAt }),
          ...(health?.work !== undefined && { work: health.work }),
        })
        .catch((error: unknown) => options.onFailure('Activity could not be reported.', error))
    }
    await delay(RUNNER_POLL_MS, undefined, { signal, ref: false })
  }
}

async function followChanges(options: ActivityOptions, signal: AbortSignal): Promise<void> {
  for (;;) {
    // A runner that is down is no failure: `keepOpen` sees to it. Once it is back, everything is looked at.
    await options.runner.changes(options.onChange, signal).catch(() => undefined)
    if (signal.aborted) return
    await delay(RUNNER_POLL_MS, undefined, { signal, ref: false })
  }
}
