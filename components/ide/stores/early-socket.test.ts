import { expect, test } from 'vitest'
import { CLOSE_CODES } from '#protocol/errors.ts'
import { FakeRunner } from './_fake-runner.ts'
import { Connection } from './connection.ts'
import { EarlySocket } from './early-socket.ts'

const SOON_MS = 4000

/** A line that was opened ahead and has heard the runner's first words. */
async function openedAhead(runner: FakeRunner): Promise<EarlySocket> {
  const early = new EarlySocket()
  early.open(runner.url)
  await expect.poll(() => early.count, { timeout: SOON_MS }).toBe(1)
  return early
}

test('what came on a line that was opened ahead is heard by whoever takes it over; there is one line', async () => {
  await using runner = new FakeRunner()
  using connection = new Connection({ url: runner.url, early: await openedAhead(runner) })
  const heard: string[] = []
  connection.on('hello', (hello) => heard.push(hello.runner))
  connection.start()
  expect(heard).toEqual([runner.hello.runner])
  expect(connection.state.getSnapshot().kind).toBe('open')
  await connection.request('ping', {})
  expect(runner.connections).toBe(1)
})

test('after a loss the line is a new one', async () => {
  await using runner = new FakeRunner()
  using connection = new Connection({ url: runner.url, early: await openedAhead(runner), random: () => 0 })
  connection.start()
  runner.tear()
  await expect.poll(() => runner.connections, { timeout: SOON_MS }).toBe(2)
  await expect.poll(() => connection.state.getSnapshot().kind, { timeout: SOON_MS }).toBe('open')
})

test('a line that was refused ahead is asked for again, so that the reason is heard', async () => {
  await using runner = new FakeRunner()
  const early = await openedAhead(runner)
  runner.refusal = { code: CLOSE_CODES.forbidden, reason: 'no' }
  runner.close(CLOSE_CODES.forbidden)
  await expect.poll(() => early.isOpen, { timeout: SOON_MS }).toBe(false)
  using connection = new Connection({ url: runner.url, early })
  connection.start()
  await expect
    .poll(() => connection.state.getSnapshot(), { timeout: SOON_MS })
    .toEqual({ kind: 'refused', because: 'no-access' })
})

test('nothing is opened ahead once the line was taken, nor kept that nobody took', async () => {
  await using runner = new FakeRunner()
  const taken = new EarlySocket()
  expect(taken.take()).toBeUndefined()
  taken.open(runner.url)
  expect(taken.isOpen).toBe(false)
  const left = await openedAhead(runner)
  left.close()
  expect(left.take()).toBeUndefined()
  expect(runner.connections).toBe(1)
})
