import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { eventually, openTestBed, reached, user } from '#server/repls/_domain.ts'
import { severable } from '#server/repls/_severable.ts'
import type { Severable } from '#server/repls/_severable.ts'
import type { Call } from '#server/repls/_stand-ins.ts'
import type { Domain, DomainLimits } from '#server/repls/create-repls.ts'
import type { CreateRepl } from '#server/repls/views.ts'
import { connectResp } from '#server/state-store/resp-connection.ts'
import { openRedisStateStore } from '#server/state-store/redis.ts'

const url = process.env['TESTBED_REDIS_URL'] ?? ''
const ada = user('Ada')
const bob = user('Bob')
const NODE: CreateRepl = { source: { kind: 'template', template: 'node' } }
/** A lease of one that died must end before another goes on. */
const LIMIT_MS = 40_000
const LIVE_MS = 1000

/** Two control planes with a Redis between them, and the same sandboxes below. */
async function twoControlPlanes(limits: Partial<DomainLimits> = {}) {
  await using opened = new AsyncDisposableStack()
  const namespace = `test-${randomUUID()}`
  opened.defer(() => removeKeys(namespace))
  const ways: Severable[] = []
  opened.defer(async () => {
    for (const way of ways) await way.sever()
  })
  const open = async () => {
    const way = await severable(url)
    ways.push(way)
    return await openRedisStateStore({ url: way.url, namespace })
  }
  const bed = opened.use(await openTestBed(open, { limits }))
  const owned = opened.move()
  return {
    ...bed,
    /** Ends the first one as `kill -9` would: its leases stay until their time is over. */
    kill: async () => ways[0]?.sever(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

async function removeKeys(namespace: string): Promise<void> {
  using admin = await connectResp(new URL(url))
  const keys = await admin.send(['KEYS', `${namespace}*`])
  if (Array.isArray(keys) && keys.length > 0) await admin.send(['DEL', ...keys.map(String)])
}

const skipped = url === '' ? ' (skipped: TESTBED_REDIS_URL names no server)' : ''
describe.skipIf(url === '')(`two control planes${skipped}`, { timeout: LIMIT_MS }, () => {
  test('starts asked of both at once happen once each', async () => {
    await using b = await twoControlPlanes()
    const other = await b.another()
    const created = await Promise.all(Array.from({ length: 8 }, () => b.domain.repls.create(ada, NODE)))
    const signal = AbortSignal.timeout(LIMIT_MS)
    const running = await Promise.all(
      created.map(async ({ id }) => {
        const asked = [b.domain, other, b.domain, other].map((one) => one.lifecycle.ensureRunning(id, signal))
        return new Set((await Promise.all(asked)).map((it) => JSON.stringify(it))).size
      }),
    )
    expect(running).toEqual(created.map(() => 1))
    expect(b.world.count('create')).toBe(created.length)
    expect(b.world.labelled()).toHaveLength(created.length)
  })

  test('D3: stops asked of both are one save; D6: a start asked of the other meanwhile comes after it', async () => {
    await using b = await twoControlPlanes()
    const other = await b.another()
    const { id } = await b.domain.repls.create(ada, NODE)
    await reached(b.domain, ada, { replId: id, kinds: ['running'] })
    b.world.machineOf(id).work = 'written last'
    const release = b.world.hold('stop')
    await Promise.all([b.domain.repls.stop(ada, id), other.repls.stop(ada, id)])
    await eventually(() => b.world.count('stop')).toBe(1)
    await other.repls.start(ada, id)
    release()
    await eventually(async () => (await b.domain.repls.get(ada, id)).generation).toBe(2)
    await reached(b.domain, ada, { replId: id, kinds: ['running'] })
    expect(b.world.machineOf(id).work).toBe('written last')
    expect([b.world.count('stop'), b.world.count('remove')]).toEqual([1, 1])
  })

  test('what one may run is counted over both', async () => {
    await using b = await twoControlPlanes({ RUNNING_REPLS_PER_USER: 1 })
    const other = await b.another()
    const both = await Promise.all([b.domain.repls.create(ada, NODE), other.repls.create(ada, NODE)])
    const starts = await Promise.allSettled([
      ...both.map(({ id }) => b.domain.repls.start(ada, id)),
      ...both.map(({ id }) => other.repls.start(ada, id)),
    ])
    expect(starts.some(({ status }) => status === 'rejected')).toBe(true)
    await eventually(() => b.world.labelled().length).toBe(1)
    expect(b.world.count('create')).toBe(1)
  })

  test('one sweeps at a time', async () => {
    await using b = await twoControlPlanes()
    const release = b.world.hold('list')
    const first = b.domain.sweeper.sweep()
    await eventually(() => b.world.count('list')).toBeGreaterThan(0)
    const other = await b.another()
    expect(await other.sweeper.sweep()).toBe(false)
    release()
    await first
    await eventually(() => other.sweeper.sweep()).toBe(true)
  })

  test('whoever looks through one sees at once what was done on the other', async () => {
    await using b = await twoControlPlanes()
    const other = await b.another()
    const { id } = await b.domain.repls.create(ada, NODE)
    await reached(other, ada, { replId: id, kinds: ['running'] })
    const stopped = reached(other, ada, { replId: id, kinds: ['stopped'] })
    await b.domain.repls.stop(ada, id)
    await reached(b.domain, ada, { replId: id, kinds: ['stopped'] })
    const since = Date.now()
    await stopped
    expect(Date.now() - since).toBeLessThan(LIVE_MS)
  })

  test('a link revoked on one ends within a second on the other', async () => {
    await using b = await twoControlPlanes()
    const other = await b.another()
    const { id } = await b.domain.repls.create(ada, NODE)
    const { share, token } = await b.domain.shares.create(ada, id, { role: 'viewer', allowSignedOut: false })
    await other.shares.redeem(bob, token)
    expect(await other.access.grantOf(bob, id)).toMatchObject({ role: 'viewer' })
    const changed = Promise.withResolvers<void>()
    await using _listening = await other.access.onChange(id, changed.resolve)
    const since = Date.now()
    await b.domain.shares.revoke(ada, id, share.id)
    await changed.promise
    expect(Date.now() - since).toBeLessThan(LIVE_MS)
    expect(await other.access.grantOf(bob, id)).toBeUndefined()
  })
})

describe.skipIf(url === '')(`killed without a word${skipped}`, { timeout: LIMIT_MS }, () => {
  const inState = (domain: Domain, replId: string, kind: string) =>
    expect
      .poll(async () => (await domain.repls.get(ada, replId)).state.kind, { timeout: LIMIT_MS, interval: 100 })
      .toBe(kind)

  async function inStart(call: Call): Promise<void> {
    await using b = await twoControlPlanes()
    const other = await b.another()
    const release = b.world.hold(call)
    const { id } = await b.domain.repls.create(ada, NODE)
    await eventually(() => b.world.count(call)).toBe(1)
    await b.kill()
    release()
    await inState(other, id, 'running')
    expect((await other.repls.get(ada, id)).generation).toBe(1)
    expect(b.world.machines.size).toBe(1)
  }

  async function inStop(call: Call): Promise<void> {
    await using b = await twoControlPlanes()
    const other = await b.another()
    const { id } = await b.domain.repls.create(ada, NODE)
    await reached(b.domain, ada, { replId: id, kinds: ['running'] })
    b.world.machineOf(id).work = 'not yet saved'
    const release = b.world.hold(call)
    await b.domain.repls.stop(ada, id)
    await eventually(() => b.world.count(call)).toBe(1)
    await b.kill()
    release()
    await inState(other, id, 'stopped')
    expect(b.world.saved.get(id)).toBe('not yet saved')
    await eventually(() => b.world.machines.size).toBe(0)
  }

  // At once, since each waits for a lease to end.
  test('in any step of a start or a stop: the other finishes it, once, with all of it saved', async () => {
    const starts = (['create', 'label', 'adopt'] as const).map(inStart)
    const stops = (['stop', 'remove'] as const).map(inStop)
    await Promise.all([...starts, ...stops])
  })
})
