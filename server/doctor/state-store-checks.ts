import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '#server/errors.ts'
import { connectResp } from '#server/state-store/resp-connection.ts'
import type { StateStore } from '#server/state-store/state-store.ts'
import { failed, ok, skipped } from './check.ts'
import type { Check, Finding } from './check.ts'
import { describeSkew } from './clock.ts'
import { LOOK_TIMEOUT_MS } from './limits.ts'

/** What records depend on: versions that decide between racers, and hints that arrive. */
export function stateStoreChecks(store: StateStore): Check[] {
  return [
    { name: 'state store: versioned writes', look: () => versions(store) },
    { name: 'state store: hints', look: () => hints(store) },
  ]
}

/** What only the server itself can say; `url` is a Redis or Valkey. */
export function redisChecks(url: string): Check[] {
  return [
    { name: 'Redis: keeps every key', look: () => eviction(new URL(url)) },
    { name: 'Redis: writes to disk', look: () => persistence(new URL(url)) },
    { name: 'clock: Redis', look: () => clock(new URL(url)) },
  ]
}

async function versions(store: StateStore): Promise<Finding> {
  const key = `doctor:${randomUUID()}`
  try {
    const version = await store.put(key, 1, { expected: 'absent', ttlMs: LOOK_TIMEOUT_MS })
    await store.put(key, 2, { expected: { version }, ttlMs: LOOK_TIMEOUT_MS })
    const isStaleTaken = await store.put(key, 3, { expected: { version } }).then(
      () => true,
      (error: unknown) => {
        if (error instanceof AppError && error.code === 'conflict') return false
        throw error
      },
    )
    if (!isStaleTaken) return ok('of two writers one is refused')
    return failed('It took a write that named an older version.', 'Use Redis 6.2 or newer, or Valkey, unpatched.')
  } finally {
    await store.delete(key, 'any')
  }
}

async function hints(store: StateStore): Promise<Finding> {
  const channel = `doctor:${randomUUID()}`
  const heard = Promise.withResolvers<boolean>()
  await using _ = await store.subscribe(channel, () => heard.resolve(true))
  await store.publish(channel, 1)
  const late = new AbortController()
  const isHeard = await Promise.race([
    heard.promise,
    delay(LOOK_TIMEOUT_MS, false, { signal: late.signal }).catch(() => false),
  ])
  late.abort()
  if (isHeard) return ok('arrive')
  return failed(
    'A message that was published did not arrive.',
    'Pages would follow changes late. Let the user of REDIS_URL use PUBLISH and SUBSCRIBE on all channels (ACL: &*).',
  )
}

async function eviction(url: URL): Promise<Finding> {
  const policy = await setting(url, 'maxmemory-policy')
  if (policy === undefined) return skipped('the server does not let us look (CONFIG GET); it must be noeviction')
  if (policy === 'noeviction') return ok('noeviction')
  return failed(
    `maxmemory-policy is ${policy}: under pressure the server forgets records.`,
    'Set "maxmemory-policy noeviction", and let it have memory enough.',
  )
}

async function persistence(url: URL): Promise<Finding> {
  const [appendonly, save] = await Promise.all([setting(url, 'appendonly'), setting(url, 'save')])
  if (appendonly === undefined) return skipped('the server does not let us look (CONFIG GET)')
  if (appendonly === 'yes') return ok('appendonly')
  if (save !== undefined && save !== '') return ok('snapshots; "appendonly yes" would lose less')
  return failed(
    'It keeps everything in memory only: after its restart no REPL is known.',
    'Set "appendonly yes". (What is lost can be registered again: npm run recover.)',
  )
}

async function setting(url: URL, name: string): Promise<string | undefined> {
  using connection = await connectResp(url, AbortSignal.timeout(LOOK_TIMEOUT_MS))
  const reply = await connection.send(['CONFIG', 'GET', name])
  const value = Array.isArray(reply) ? reply[1] : undefined
  return typeof value === 'string' ? value : undefined
}

async function clock(url: URL): Promise<Finding> {
  using connection = await connectResp(url, AbortSignal.timeout(LOOK_TIMEOUT_MS))
  const asked = Date.now()
  const reply = await connection.send(['TIME'])
  const ours = (asked + Date.now()) / 2
  if (!Array.isArray(reply)) return skipped('the server does not let us look (TIME)')
  const [seconds, micros] = reply.map(Number)
  return describeSkew('Redis', (seconds ?? 0) * 1000 + (micros ?? 0) / 1000 - ours)
}
