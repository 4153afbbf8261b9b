import { once } from 'node:events'
import type { Writable } from 'node:stream'

/** Resolves when a stream can take more, or is over; leaves no listener behind. */
export async function drained(stream: Writable): Promise<void> {
  if (stream.destroyed) return
  const over = new AbortController()
  const { signal } = over
  const first = (event: string) => once(stream, event, { signal }).catch(() => undefined)
  await Promise.race([first('drain'), first('close')])
  over.abort()
}
