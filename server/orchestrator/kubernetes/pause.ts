import { setTimeout as delay } from 'node:timers/promises'

/** Waits `ms`; rejects with the signal's own reason if that aborts first, so that whoever gave up is told why. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => signal?.throwIfAborted())
}
