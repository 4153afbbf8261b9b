import { expect, test } from 'vitest'
import type { GitStatus } from '#protocol/git-status.ts'
import { Connection } from './connection.ts'
import { FakeRunner, NO_ANSWER } from './_fake-runner.ts'
import { Git } from './git.ts'
import { GIT_REST_MS, MAX_GIT_ASKED_AGAIN } from './limits.ts'

async function bench(status: GitStatus) {
  const runner = new FakeRunner()
  runner.handle('git.status', () => status)
  const connection = new Connection({ url: runner.url })
  const git = new Git(connection)
  connection.start()
  return {
    runner,
    git,
    state: () => git.state.getSnapshot(),
    asked: () => runner.askedFor('git.status').length,
    async [Symbol.asyncDispose]() {
      git[Symbol.dispose]()
      connection.stop()
      await runner[Symbol.asyncDispose]()
    },
  }
}

const REPOSITORY: GitStatus = {
  kind: 'repository',
  branch: 'main',
  changes: [
    { path: 'src/deep/a.ts', kind: 'modified' },
    { path: 'b.ts', kind: 'untracked' },
  ],
  truncated: false,
}
const changed = { changes: [{ path: 'b.ts', kind: 'modified' as const }], overflow: false }

test('asks when the line opens, and knows files and the folders around them', async () => {
  await using it = await bench(REPOSITORY)
  await expect.poll(() => it.state().status).toEqual(REPOSITORY)
  expect([...it.state().kinds]).toEqual([
    ['src/deep/a.ts', 'modified'],
    ['b.ts', 'untracked'],
  ])
  expect([...it.state().folders]).toEqual(['src/deep', 'src'])
})

test('asks again after changes, once for all that come while it asks', async () => {
  await using it = await bench({ kind: 'none' })
  await expect.poll(it.asked).toBe(1)
  it.runner.handle('git.status', () => REPOSITORY)
  for (let count = 0; count < 50; count += 1) it.runner.emit('files.changed', changed)
  await expect.poll(() => it.state().status).toEqual(REPOSITORY)
  expect(it.asked()).toBe(2)
})

test('what was known stays while there is no line, and is asked for when it is back', async () => {
  await using it = await bench(REPOSITORY)
  await expect.poll(() => it.state().status).toEqual(REPOSITORY)
  it.runner.handle('git.status', () => NO_ANSWER)
  const lost = it.git.refresh()
  await expect.poll(it.asked).toBe(2)
  it.runner.handle('git.status', () => ({ kind: 'none' }))
  it.runner.tear()
  await lost
  expect(it.state().status).toEqual(REPOSITORY)
  await expect.poll(() => it.state().status).toEqual({ kind: 'none' })
})

test('where Git does not answer it is asked again, a few times; what was known stays until that is given up', async () => {
  await using it = await bench(REPOSITORY)
  await expect.poll(() => it.state().status).toEqual(REPOSITORY)
  it.runner.handle('git.status', () => ({ kind: 'unanswered' }))
  await it.git.refresh()
  expect(it.state().status).toEqual(REPOSITORY)
  const timeout = (MAX_GIT_ASKED_AGAIN + 2) * GIT_REST_MS
  await expect.poll(() => it.state().status, { timeout }).toEqual({ kind: 'unanswered' })
  expect(it.asked()).toBe(2 + MAX_GIT_ASKED_AGAIN)
  it.runner.handle('git.status', () => REPOSITORY)
  await it.git.refresh()
  expect(it.state().status).toEqual(REPOSITORY)
})
