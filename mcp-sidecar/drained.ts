import { once } from 'node:events'
import type { Writable } from 'node:stream'

/** Resolves when a stream can take more, or is over; leaves no listener behind. */
export async function drained(stream: Writable): Promise<void> {
  const over = new AbortController()
  const { signal } = over
  try {
    await Promise.race([once(stream, 'drain', { signal }), once(stream, 'close', { signal })])
  } finally {
    over.abort()
  }
}
