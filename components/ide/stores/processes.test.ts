import { expect, test } from 'vitest'
import { FakeRunner } from './_fake-runner.ts'
import { Connection } from './connection.ts'
import { Processes } from './processes.ts'
import { RequestError } from './request-error.ts'

const process = (pid: number) => ({
  pid,
  parent: 1,
  command: `sleep ${pid}`,
  cpuPercent: 0,
  memoryBytes: 1,
  startedAt: 0,
})

async function opened() {
  const runner = new FakeRunner()
  const connection = new Connection({ url: runner.url })
  const processes = new Processes(connection)
  connection.start()
  await expect.poll(() => connection.state.getSnapshot().kind).toBe('open')
  return {
    runner,
    connection,
    processes,
    async [Symbol.asyncDispose]() {
      connection.stop()
      await runner[Symbol.asyncDispose]()
    },
  }
}

test('a process is asked to end first; one that has not ended then is killed', async () => {
  await using it = await opened()
  let running = [process(7), process(8)]
  it.runner.handle('processes.list', () => ({ processes: running }))
  it.runner.handle('processes.signal', ({ signal }: { signal: string }) => {
    if (signal === 'SIGKILL') running = [process(8)]
    return {}
  })
  await it.processes.refresh()
  await it.processes.end(7)
  expect(it.processes.state.getSnapshot()).toMatchObject({ asked: new Set([7]) })
  await it.processes.end(7)
  expect(it.processes.state.getSnapshot()).toEqual({ kind: 'ready', list: [process(8)], asked: new Set() })
  const signals = it.runner.askedFor('processes.signal')
  expect(signals).toMatchObject([{ signal: 'SIGTERM' }, { signal: 'SIGKILL' }])
})

test('a list that cannot be had is said, and comes once it can; what was listed stays while the line is lost', async () => {
  await using it = await opened()
  it.runner.handle('processes.list', () => {
    throw new RequestError({ code: 'internal', message: 'No /proc here.' })
  })
  await it.processes.refresh()
  expect(it.processes.state.getSnapshot()).toMatchObject({ kind: 'failed', error: { message: 'No /proc here.' } })
  it.runner.handle('processes.list', () => ({ processes: [process(7)] }))
  const stop = it.processes.watch()
  const ready = { kind: 'ready', list: [process(7)] }
  await expect.poll(() => it.processes.state.getSnapshot()).toMatchObject(ready)
  stop()
  it.connection.stop()
  await it.processes.refresh()
  expect(it.processes.state.getSnapshot()).toMatchObject(ready)
})
