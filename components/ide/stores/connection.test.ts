import { describe, expect, test } from 'vitest'
import { CLOSE_CODES } from '#protocol/errors.ts'
import { FakeRunner, NO_ANSWER } from './_fake-runner.ts'
import { reconnectDelayMs } from './backoff.ts'
import { Connection } from './connection.ts'
import { PING_TIMEOUT_MS, RECONNECT_MAX_MS, RETURN_PATIENCE_MS } from './limits.ts'
import { RequestError } from './request-error.ts'

function kindOf(connection: Connection): string {
  return connection.state.getSnapshot().kind
}

async function opened(runner: FakeRunner): Promise<Connection> {
  const connection = new Connection({ url: runner.url, random: () => 0.5 })
  connection.start()
  await expect.poll(() => kindOf(connection)).toBe('open')
  return connection
}

describe('connection', () => {
  test('answers typed requests, and measures the round trip', async () => {
    await using runner = new FakeRunner()
    runner.handle('files.stat', () => ({
      entry: { name: 'a', type: 'file', size: 1, mtime: 2, mode: 420 },
      etag: 'e1',
    }))
    using connection = await opened(runner)
    const { etag } = await connection.request('files.stat', { path: 'a' })
    expect(etag).toBe('e1')
    await expect
      .poll(() => connection.state.getSnapshot(), { timeout: 4000 })
      .toMatchObject({ kind: 'open', latencyMs: expect.any(Number) })
  })

  test('hands on what the runner refuses, with its code', async () => {
    await using runner = new FakeRunner()
    runner.handle('files.mkdir', () => {
      throw new RequestError({ code: 'conflict', message: 'It is there already.' })
    })
    using connection = await opened(runner)
    await expect(connection.request('files.mkdir', { path: 'a' })).rejects.toMatchObject({ code: 'conflict' })
  })

  test('U7: a torn connection shows as reconnecting, and comes back by itself', async () => {
    await using runner = new FakeRunner()
    using connection = await opened(runner)
    const seen: string[] = []
    connection.state.subscribe(() => seen.push(kindOf(connection)))
    runner.tear()
    await expect.poll(() => seen).toContain('waiting')
    await expect.poll(() => kindOf(connection)).toBe('open')
    expect(runner.connections).toBe(2)
  })

  test('where the network may be another one, an open line is asked at once whether it lives', async () => {
    await using runner = new FakeRunner()
    using connection = await opened(runner)
    // Answered too: the answer to one that is under way says the same as another.
    const state = () => connection.state.getSnapshot()
    await expect.poll(state, { timeout: 4000 }).toMatchObject({ latencyMs: expect.any(Number) })
    connection.retryNow()
    await expect.poll(() => runner.askedFor('ping').length).toBe(2)
    expect(kindOf(connection)).toBe('open')
  })

  test('a line over which something moves is not given up for a slow round trip', { timeout: 30_000 }, async () => {
    await using runner = new FakeRunner()
    using connection = await opened(runner)
    runner.handle('ping', () => NO_ANSWER)
    const asked = () => runner.askedFor('ping').length
    await expect.poll(asked, { timeout: 4000 }).toBe(1)
    runner.emit('ports.changed', { ports: [] })
    await expect.poll(asked, { timeout: PING_TIMEOUT_MS + 4000 }).toBe(2)
    expect([kindOf(connection), runner.connections]).toEqual(['open', 1])
    await expect.poll(() => runner.connections, { timeout: PING_TIMEOUT_MS + 4000 }).toBe(2)
  })

  test('a return that hangs can be begun anew, a first connection waits for the start behind it', async () => {
    await using runner = new FakeRunner()
    using connection = await opened(runner)
    runner.isSilent = true
    runner.tear()
    await expect.poll(() => connection.state.getSnapshot()).toMatchObject({ kind: 'connecting', isReturn: true })
    const { connections } = runner
    connection.retryNow()
    expect(runner.connections).toBe(connections)
    const since = Date.now()
    await expect.poll(() => Date.now() - since, { timeout: 5000 }).toBeGreaterThan(RETURN_PATIENCE_MS)
    runner.isSilent = false
    connection.retryNow()
    await expect.poll(() => kindOf(connection)).toBe('open')
    connection.stop()
    runner.isSilent = true
    connection.start()
    await expect.poll(() => connection.state.getSnapshot()).toMatchObject({ kind: 'connecting', isReturn: false })
  })

  test('a request under way when the connection is torn fails as unavailable', async () => {
    await using runner = new FakeRunner()
    runner.handle('files.index', () => NO_ANSWER)
    using connection = await opened(runner)
    const answer = connection.request('files.index', {})
    await expect.poll(() => runner.askedFor('files.index').length).toBe(1)
    runner.tear()
    await expect(answer).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('without a connection a request fails at once instead of hanging', async () => {
    using connection = new Connection({ url: 'ws://127.0.0.1:1/' })
    await expect(connection.request('ping', {})).rejects.toMatchObject({ code: 'unavailable' })
  })

  test.each([
    [CLOSE_CODES.unauthenticated, 'signed-out'],
    [CLOSE_CODES.forbidden, 'no-access'],
    [CLOSE_CODES.notFound, 'no-access'],
  ])('close code %i is final: %s', async (code, because) => {
    await using runner = new FakeRunner()
    using connection = await opened(runner)
    runner.close(code, 'no more')
    await expect.poll(() => connection.state.getSnapshot()).toEqual({ kind: 'refused', because })
    connection.start()
    expect(runner.connections).toBe(1)
  })

  test('close code 4503 keeps trying and says why', async () => {
    await using runner = new FakeRunner()
    runner.refusal = { code: CLOSE_CODES.unavailable, reason: 'The REPL is starting.' }
    using connection = new Connection({ url: runner.url, random: () => 0.5 })
    connection.start()
    await expect.poll(() => connection.state.getSnapshot()).toMatchObject({ reason: 'The REPL is starting.' })
    runner.refusal = undefined
    connection.retryNow()
    await expect.poll(() => kindOf(connection)).toBe('open')
  })

  test('stop closes the line and cancels what it would have done', async () => {
    await using runner = new FakeRunner()
    const connection = await opened(runner)
    connection.stop()
    expect(kindOf(connection)).toBe('off')
    await expect(connection.request('ping', {})).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('events reach listeners parsed, until they stop listening', async () => {
    await using runner = new FakeRunner()
    using connection = await opened(runner)
    const ports: number[] = []
    const stop = connection.on('ports.changed', (event) => ports.push(...event.ports.map((port) => port.port)))
    runner.emit('ports.changed', { ports: [{ port: 3000, address: '127.0.0.1' }] })
    await expect.poll(() => ports).toEqual([3000])
    stop()
    runner.emit('ports.changed', { ports: [{ port: 4000, address: '127.0.0.1' }] })
    await connection.request('ping', {})
    expect(ports).toEqual([3000])
  })
})

test('waits between attempts grow to a bound and are spread', () => {
  const middle = Array.from({ length: 8 }, (_, attempt) => reconnectDelayMs(attempt, 0.5))
  expect(middle).toEqual([300, 600, 1200, 2400, 4800, 9600, RECONNECT_MAX_MS, RECONNECT_MAX_MS])
  expect(reconnectDelayMs(0, 0)).toBe(225)
  expect(reconnectDelayMs(0, 1)).toBe(375)
})
