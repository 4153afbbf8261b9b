import { randomUUID } from 'node:crypto'
import { connect, createServer } from 'node:net'
import { Redis } from '@upstash/redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startRestBridge } from '#server/state-store/_rest-bridge.ts'
import { openRedisStateStore } from '#server/state-store/redis.ts'
import { connectResp } from '#server/state-store/resp-connection.ts'
import { RespError } from '#server/state-store/resp.ts'
import { describeStateStore } from '#server/state-store/state-store.contract.ts'
import type { RestBridge } from '#server/state-store/_rest-bridge.ts'
import type { RespConnection } from '#server/state-store/resp-connection.ts'
import type { Socket } from 'node:net'
import type { Json } from '#server/state-store/state-store.ts'

const url = process.env['TESTBED_REDIS_URL'] ?? ''

describe.skipIf(url === '')(`redis${url === '' ? ' (skipped: TESTBED_REDIS_URL names no server)' : ''}`, () => {
  const namespace = `test-${randomUUID()}`
  let admin: RespConnection
  let bridge: RestBridge
  beforeAll(async () => {
    admin = await connectResp(new URL(url))
    bridge = await startRestBridge(url)
  })
  afterAll(async () => {
    const keys = await admin.send(['KEYS', `${namespace}*`])
    if (Array.isArray(keys) && keys.length > 0) await admin.send(['DEL', ...keys.map(String)])
    admin[Symbol.dispose]()
    await bridge[Symbol.asyncDispose]()
  })

  const overResp = () => openRedisStateStore({ url, namespace, heartbeatMs: 200 })
  const overHttps = () =>
    openRedisStateStore({ url: bridge.url, token: bridge.token, namespace: `${namespace}-https`, heartbeatMs: 200 })

  describeStateStore('redis over RESP', { open: overResp, reachesReplicas: true })
  describeStateStore('redis over HTTPS', { open: overHttps, reachesReplicas: true })

  describe('the redis state store', () => {
    test('goes on after its connections were killed, hints included', async () => {
      await using proxy = await startProxy(new URL(url))
      await using store = await openRedisStateStore({ url: proxy.url, namespace })
      const heard: Json[] = []
      await using _subscription = await store.subscribe('killed', (message) => heard.push(message))
      await store.put('killed', 1, { expected: 'any' })
      expect(proxy.cut()).toBe(2)
      await expect.poll(() => store.get('killed').catch(() => undefined), { timeout: 5000 }).toMatchObject({ value: 1 })
      await expect
        .poll(async () => (await store.publish('killed', 'again'), heard), { timeout: 5000 })
        .toContain('again')
    })

    test('hears hints again after a stream over HTTPS ended without a word', async () => {
      await using store = await overHttps()
      const heard: Json[] = []
      await using _subscription = await store.subscribe('ended', (message) => heard.push(message))
      bridge.endStreams()
      await expect
        .poll(async () => (await store.publish('ended', 'again'), heard), { timeout: 9000 })
        .toContain('again')
    })

    test('hears hints again after a stream fell silent', async () => {
      await using store = await overHttps()
      const heard: Json[] = []
      await using _subscription = await store.subscribe('muted', (message) => heard.push(message))
      bridge.muteStreams()
      await expect
        .poll(async () => (await store.publish('muted', 'again'), heard), { timeout: 9000 })
        .toContain('again')
    })

    test('leaves no name of an expired record behind', async () => {
      const own = `${namespace}-expiry`
      await using store = await openRedisStateStore({ url, namespace: own })
      await store.put('short', 1, { expected: 'absent', ttlMs: 50 })
      await expect.poll(() => store.get('short')).toBeUndefined()
      await store.put('long', 1, { expected: 'absent' })
      expect(await admin.send(['ZRANGE', `${own}:index`, '0', '-1'])).toEqual(['long'])
      expect(await admin.send(['ZCARD', `${own}:expiry`])).toBe(0)
    })

    test('refuses records of a newer format', async () => {
      const own = `${namespace}-newer`
      await admin.send(['SET', `${own}:format`, 'f9'])
      await expect(openRedisStateStore({ url, namespace: own })).rejects.toMatchObject({
        code: 'not_supported',
        message: expect.stringContaining('format 9'),
      })
    })

    test('says which server refuses its password, and does not show it', async () => {
      const wrong = new URL(url)
      wrong.password = 'not-the-password'
      const refusal = await openRedisStateStore({ url: wrong.href }).catch((error: unknown) => error)
      expect(refusal).toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining('WRONGPASS'),
        advice: expect.stringContaining('REDIS_URL'),
      })
      expect(JSON.stringify(refusal) + String(refusal)).not.toContain('not-the-password')
      await expect(openRedisStateStore({ url: bridge.url, token: 'wrong' })).rejects.toMatchObject({
        code: 'unavailable',
        advice: expect.stringContaining('UPSTASH_REDIS_REST_TOKEN'),
      })
    })

    test('says that nobody listens at the address', async () => {
      const port = await freePort()
      const message = expect.stringMatching(new RegExp(`127\\.0\\.0\\.1:${port}.*ECONNREFUSED`))
      await expect(openRedisStateStore({ url: `redis://127.0.0.1:${port}` })).rejects.toMatchObject({
        code: 'unavailable',
        message,
      })
      await expect(openRedisStateStore({ url: `http://127.0.0.1:${port}`, token: 'x' })).rejects.toMatchObject({
        code: 'unavailable',
        message,
      })
    })

    test('shows nothing of a value that a server refused', async () => {
      await using store = await overHttps()
      await admin.send(['SET', `${namespace}-https:index`, 'in the way'])
      try {
        const refusal = await store.put('k', 'private words', { expected: 'any' }).catch((error: unknown) => error)
        expect(refusal).toMatchObject({ code: 'unavailable', message: expect.stringContaining('WRONGTYPE') })
        expect(refusal).not.toHaveProperty('cause', expect.anything())
        expect(String(refusal)).not.toContain('private words')
      } finally {
        await admin.send(['DEL', `${namespace}-https:index`])
      }
    })
  })

  test('the bridge answers the official client as Upstash does: pipelines, transactions, errors', async () => {
    const redis = new Redis({ url: bridge.url, token: bridge.token, enableTelemetry: false, retry: { retries: 0 } })
    const key = `${namespace}:bridge`
    const [set, get] = await Promise.all([redis.set(key, 'é 1'), redis.pipeline().set(key, 'é 1').get(key).exec()])
    expect([set, get]).toEqual(['OK', ['OK', 'é 1']])
    expect(await redis.multi().set(key, 'two').get(key).exec()).toEqual(['OK', 'two'])
    await expect(redis.lpush(key, 'x')).rejects.toThrow('WRONGTYPE')
    expect(await admin.send(['GET', key])).toBe('two')
    expect(await admin.send(['NO-SUCH-COMMAND'])).toBeInstanceOf(RespError)
  })
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('listens on TCP')
  return address.port
}

/** A way to `target` that can be cut. */
async function startProxy(target: URL) {
  const clients = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname)
    client.pipe(upstream).pipe(client)
    client.on('error', () => undefined).on('close', () => upstream.destroy() && clients.delete(client))
    upstream.on('error', () => undefined).on('close', () => client.destroy())
    clients.add(client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('listens on TCP')
  const url = new URL(target)
  url.host = `127.0.0.1:${address.port}`
  return {
    url: url.href,
    /** Resets every connection; how many there were. */
    cut: () => [...clients].map((client) => client.resetAndDestroy()).length,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}
