import { setTimeout as delay } from 'node:timers/promises'
import type { ErrorCode } from '#protocol/errors.ts'
import type { AdoptedSandbox } from './adopt.ts'
import { SAVE_RETRY_FIRST_MS } from './limits.ts'

/**
 * What the end of a sandbox's pod asks for: its processes end, what they left is saved, again and again until that
 * works or `signal` aborts. Returns without a save where there is nothing to save, or another generation has taken over;
 * and once all is saved but what no save can hold.
 */
export async function saveBeforeEnd(sandbox: AdoptedSandbox, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const last = await sandbox.end()
    if (last?.phase !== 'failed' || LASTING.has(last.error.code)) return
    await delay(SAVE_RETRY_FIRST_MS, undefined, { signal }).catch(() => undefined)
  }
}

/** What no other attempt changes. */
const LASTING: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['conflict', 'not_supported'])
