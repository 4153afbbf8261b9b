import { SidecarError } from '../sidecar-error.ts'

/** Ends a call that was cancelled, or whose agent was cut off, before it did anything. */
export function refuseCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new SidecarError('timeout', 'The call was cancelled before it began, so nothing was done.')
}

/** What `work` comes to, or `undefined` from the moment of `signal` on; the work itself goes on. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const aborted = Promise.withResolvers<undefined>()
  const end = () => aborted.resolve(undefined)
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  try {
    return await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', end)
  }
}
