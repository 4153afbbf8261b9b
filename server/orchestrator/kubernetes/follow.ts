import type { IncomingMessage } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { z } from 'zod'
import { parseJsonLines } from '#protocol/json-lines.ts'
import type { Log } from '#server/log.ts'
import type { KubeClient } from './client.ts'
import { WATCH_RETRY_FIRST_MS, WATCH_RETRY_MAX_MS, WATCH_SECONDS, WATCH_SILENCE_MS } from './limits.ts'
import { bookmarkSchema, errorStatusSchema, listSchema, watchEventSchema } from './objects.ts'

export type Change<T> = { kind: 'all'; objects: T[] } | { kind: 'put'; object: T } | { kind: 'deleted'; object: T }

interface FollowOptions<T> {
  client: KubeClient
  path: string
  query: Record<string, string>
  /** `accept` of lists and watches, where less than whole objects is wanted. */
  schema: z.ZodType<T>
  onChange: (change: Change<T>) => void
  log: Log
  signal: AbortSignal
}

/** The server no longer knows what came after the version that we have. */
class Forgotten extends Error {}

/**
 * Tells all objects of a collection and then every change, until `signal` aborts. A watch that breaks is resumed where
 * it was; where that is forgotten (410), everything is told anew.
 */
export async function follow<T>(options: FollowOptions<T>): Promise<void> {
  const { client, path, query, schema, onChange, log, signal } = options
  let version: string | undefined
  let wait = WATCH_RETRY_FIRST_MS
  while (!signal.aborted) {
    try {
      if (version === undefined) {
        const list = listSchema.parse(await client.call({ method: 'GET', path, query, signal, patienceMs: 0 }))
        onChange({ kind: 'all', objects: list.items.map((item) => schema.parse(item)) })
        version = list.metadata.resourceVersion
      }
      const before = version
      for await (const seen of watch(options, version)) {
        version = seen
        wait = WATCH_RETRY_FIRST_MS
      }
      if (version !== before) continue
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof Forgotten || (error instanceof Error && 'code' in error && error.code === 'gone'))
        version = undefined
      else log.debug('a watch broke off', { path, error: String(error) })
    }
    // Also after one that ended in order and told nothing: something on the way may end them all at once.
    await delay(wait, undefined, { signal }).catch(() => undefined)
    wait = Math.min(wait * 2, WATCH_RETRY_MAX_MS)
  }
}

/** Versions as they are seen. */
async function* watch<T>(
  { client, path, query, schema, onChange, signal }: FollowOptions<T>,
  from: string,
): AsyncGenerator<string> {
  const answer = await client.stream({
    method: 'GET',
    path,
    query: {
      ...query,
      watch: '1',
      allowWatchBookmarks: 'true',
      resourceVersion: from,
      timeoutSeconds: String(WATCH_SECONDS),
    },
    signal,
  })
  for await (const line of parseJsonLines(untilSilent(answer))) {
    const event = watchEventSchema.parse(line)
    if (event.type === 'ERROR') {
      const { code, message } = errorStatusSchema.parse(event.object)
      throw code === 410 ? new Forgotten() : new Error(message)
    }
    if (event.type !== 'BOOKMARK') {
      onChange({ kind: event.type === 'DELETED' ? 'deleted' : 'put', object: schema.parse(event.object) })
    }
    yield bookmarkSchema.parse(event.object).metadata.resourceVersion
  }
}

/** What comes, until for too long nothing does. */
async function* untilSilent(answer: IncomingMessage): AsyncGenerator<Uint8Array> {
  const timer = setTimeout(() => answer.destroy(new Error('nothing was heard on a watch')), WATCH_SILENCE_MS)
  try {
    for await (const bytes of answer) {
      timer.refresh()
      yield Buffer.from(bytes)
    }
  } finally {
    clearTimeout(timer)
  }
}
