import { expect, test } from 'vitest'
import type { GitRepository } from '#protocol/git-status.ts'
import { FakeRunner, terminalInfo } from './_fake-runner.ts'
import { openPage } from './_page.ts'
import { RequestError } from './request-error.ts'

const ADA = { name: 'Ada', email: 'ada@example.org' }
const REPOSITORY: GitRepository = {
  kind: 'repository',
  truncated: false,
  changes: [
    { path: 'a.txt', kind: 'modified' },
    { path: 'new.txt', from: 'old.txt', kind: 'renamed' },
    { path: 'inner/', kind: 'untracked' },
  ],
}

/** A page whose commits end with `code`, or are broken off with `null`, in a repository that knows whom to name if `isKnown`. */
async function bench({ code = 0, isKnown = true }: { code?: number | null; isKnown?: boolean } = {}) {
  const runner = new FakeRunner()
  const terminal = terminalInfo({ kind: 'commit', name: 'Commit' })
  let known = isKnown ? ADA : undefined
  runner.handle('git.author', () => ({ ...(known !== undefined && { author: known }) }))
  runner.handle('git.commit', (asked: { author?: typeof ADA }) => {
    known ??= asked.author
    runner.emit('terminal.opened', { terminal })
    queueMicrotask(() => runner.emit('terminal.changed', { terminal: { ...terminal, exit: { code, signal: null } } }))
    return { terminal: terminal.id }
  })
  runner.handle('terminal.close', () => ({}))
  runner.handle('people.at', () => ({}))
  const opened = openPage(runner)
  const { commits, connection } = opened.workbench
  await expect.poll(() => connection.state.getSnapshot().kind).toBe('open')
  return { ...opened, runner, commits, asked: () => runner.askedFor('git.commit') }
}

test('all is committed without naming it; of a choice each file is named, a moved one by both its names', async () => {
  await using it = await bench()
  expect(await it.commits.commit(REPOSITORY, 'All of it')).toEqual({ kind: 'done' })
  expect(it.asked()[0]).toMatchObject({ message: 'All of it' })
  expect(it.asked()[0]).not.toHaveProperty('paths')
  expect(it.runner.askedFor('terminal.close')).toHaveLength(1)

  it.commits.include('a.txt', false)
  it.commits.include('inner/', false)
  expect(await it.commits.commit(REPOSITORY, 'A part')).toEqual({ kind: 'done' })
  expect(it.asked()[1]).toMatchObject({ paths: ['new.txt', 'old.txt'] })
  expect(it.commits.state.getSnapshot().leftOut.size).toBe(0)

  for (const { path } of REPOSITORY.changes) it.commits.include(path, false)
  await expect(it.commits.commit(REPOSITORY, 'Nothing')).rejects.toThrow('No file is chosen.')
  expect(it.commits.state.getSnapshot().terminal).toBeUndefined()
})

test('whom a commit names is asked for once, where Git does not know', async () => {
  await using it = await bench({ isKnown: false })
  expect(await it.commits.commit(REPOSITORY, 'First')).toEqual({ kind: 'not-yet' })
  expect(it.commits.state.getSnapshot()).toMatchObject({ needsAuthor: true, terminal: undefined })
  expect(it.asked()).toEqual([])
  expect(await it.commits.commit(REPOSITORY, 'First', ADA)).toEqual({ kind: 'done' })
  expect(it.commits.state.getSnapshot().needsAuthor).toBe(false)
  expect(await it.commits.commit(REPOSITORY, 'Second')).toEqual({ kind: 'done' })
})

test('a commit that is refused leaves its terminal, and keeps the choice', async () => {
  await using it = await bench({ code: 1 })
  it.commits.include('a.txt', false)
  const { terminals } = it.workbench
  const outcome = await it.commits.commit(REPOSITORY, 'Refused')
  const terminal = terminals.state.getSnapshot().list.find(({ kind }) => kind === 'commit')?.id
  expect(outcome).toEqual({ kind: 'refused', terminal })
  expect(it.runner.askedFor('terminal.close')).toEqual([])
  expect(it.commits.state.getSnapshot().leftOut).toEqual(new Set(['a.txt']))
  expect(it.toasts.map(({ title }) => title)).toEqual(['Nothing was committed.'])
})

test('of a commit whose terminal was closed nothing is claimed', async () => {
  await using it = await bench({ code: null })
  it.commits.include('a.txt', false)
  expect(await it.commits.commit(REPOSITORY, 'Broken off')).toEqual({ kind: 'not-yet' })
  expect(it.commits.state.getSnapshot()).toMatchObject({ leftOut: new Set(['a.txt']), terminal: undefined })
  expect(it.toasts.map(({ title }) => title)).toEqual(['The commit was broken off.'])
})

test('what was discarded comes back by Undo', async () => {
  await using it = await bench()
  it.runner.handle('git.discard', () => ({ deletion: 'd000000000000001', restored: ['old.txt'] }))
  // Deleted by somebody meanwhile.
  it.runner.handle('files.delete', () => {
    throw new RequestError({ code: 'not_found', message: 'There is no old.txt.' })
  })
  it.runner.handle('files.restore', () => ({ path: 'new.txt' }))
  await it.commits.discard({ path: 'new.txt', from: 'old.txt', kind: 'renamed' })
  it.toasts[0]?.action?.onAct()
  await expect.poll(() => it.runner.askedFor('files.restore')).toEqual([{ deletion: 'd000000000000001' }])
  expect(it.runner.askedFor('files.delete')).toEqual([{ path: 'old.txt' }])
})
