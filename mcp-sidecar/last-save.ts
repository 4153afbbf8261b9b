import { setTimeout as delay } from 'node:timers/promises'
import type { AdoptedSandbox } from './adopt.ts'
import { SAVE_RETRY_FIRST_MS } from './limits.ts'

/**
 * What the end of a sandbox's pod asks for: its processes end, what they left is saved, again and again until that
 * works or `signal` aborts. Returns without a save where there is nothing to save, or another generation has taken over.
 */
export async function saveBeforeEnd(sandbox: AdoptedSandbox, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const last = await sandbox.end()
    if (last?.phase !== 'failed' || last.error.code === 'conflict') return
    await delay(SAVE_RETRY_FIRST_MS, undefined, { signal }).catch(() => undefined)
  }
}
