import { execFileSync } from 'node:child_process'
import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { RequestParams, TerminalInfo } from '#protocol/messages.ts'
import { startRepository } from './_repository.ts'
import type { Repository } from './_repository.ts'

const ADA = { name: 'Ada Lovelace', email: 'ada@example.org' }
const size = { cols: 80, rows: 24 }

let repository: Repository
beforeEach(async () => {
  repository = await startRepository()
})
afterEach(() => repository[Symbol.asyncDispose]())

const git = (...args: string[]): string => repository.git(...args)

async function put(path: string, content: string): Promise<void> {
  await writeFile(join(repository.workspace, path), content)
}

const committed = (): string[] => git('show', '--name-status', '--format=', 'HEAD').split('\n').toSorted()

/** Resolves to how it ended, and what it said. */
async function commit(asked: Omit<RequestParams<'git.commit'>, 'cols' | 'rows'>) {
  const { terminal } = await repository.client.request('git.commit', { ...asked, ...size })
  const shown = await repository.client.attach(terminal, { since: 0 })
  const isEnd = (info: TerminalInfo): boolean => info.id === terminal && info.exit !== undefined
  const ended = await repository.client.event('terminal.changed', (data) => isEnd(data.terminal))
  return { code: ended.terminal.exit?.code, text: shown.text }
}

test('Git is told once who commits; all that has changed is committed where no files are named', async () => {
  expect(await repository.client.request('git.author', {})).toEqual({})
  await put('a.txt', 'a')
  expect((await commit({ message: 'First\n\n# not a comment', author: ADA })).code).toBe(0)
  expect(await repository.client.request('git.author', {})).toEqual({ author: ADA })
  expect(git('log', '-1', '--format=%an <%ae>%n%B')).toBe('Ada Lovelace <ada@example.org>\nFirst\n\n# not a comment')
  expect(committed()).toEqual(['A\ta.txt'])
  const left = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('devex-commit-'))
  await expect.poll(left).toEqual([])
})

test('of what has changed only the named files are committed: changed, new, deleted, moved, with any name', async () => {
  for (const name of ['changed', 'gone', 'removed', 'old', 'other', '*', 'staged'])
    await put(name, `${name} `.repeat(40))
  await commit({ message: 'All', author: ADA })
  await put('changed', 'new')
  await put('other', 'new')
  await put('*', 'new')
  await put('staged', 'new')
  await put('ü -n', 'new')
  git('add', 'staged')
  await rm(join(repository.workspace, 'gone'))
  git('rm', '-q', 'removed')
  git('mv', 'old', 'moved')
  await mkdir(join(repository.workspace, 'inner'))
  execFileSync('git', ['init', '-q'], { cwd: join(repository.workspace, 'inner') })
  const paths = ['changed', 'gone', 'removed', 'old', 'moved', '*', 'ü -n']
  expect(await commit({ message: 'Some', paths })).toMatchObject({ code: 0 })
  expect(
    git('-c', 'core.quotePath=false', 'show', '--no-renames', '--name-status', '--format=').split('\n').toSorted(),
  ).toEqual(['A\tmoved', 'A\tü -n', 'D\tgone', 'D\told', 'D\tremoved', 'M\t*', 'M\tchanged'].toSorted())
  expect(git('status', '--porcelain')).toBe('M other\nM  staged\n?? inner/')
})

test('a hook that refuses is heard, and what was to be committed stays as it was', async () => {
  await put('a.txt', 'a')
  await commit({ message: 'First', author: ADA })
  await put('.git/hooks/pre-commit', '#!/bin/sh\necho this is refused >&2\nexit 3\n')
  await chmod(join(repository.workspace, '.git/hooks/pre-commit'), 0o755)
  await put('a.txt', 'b')
  const refused = await commit({ message: 'Second' })
  expect(refused.code).not.toBe(0)
  expect(refused.text).toContain('this is refused')
  expect(git('log', '--format=%s')).toBe('First')
})

test('a merge is committed as a whole, whatever files are named', async () => {
  await put('a.txt', 'a')
  await put('b.txt', 'b')
  await commit({ message: 'First', author: ADA })
  git('checkout', '-q', '-b', 'other')
  await put('a.txt', 'theirs')
  await commit({ message: 'Theirs' })
  git('checkout', '-q', 'main')
  await put('a.txt', 'ours')
  await commit({ message: 'Ours' })
  expect(() => git('merge', 'other')).toThrow('Command failed')
  await put('a.txt', 'both')
  expect(await commit({ message: 'Both', paths: ['a.txt'] })).toMatchObject({ code: 0 })
  expect(git('log', '-1', '--format=%s %p').split(' ')).toHaveLength(3)
})

test('where Git cannot keep who commits, it says so, and nothing is begun', async () => {
  await put('a.txt', 'a')
  await put('.git/config.lock', '')
  await expect(commit({ message: 'First', author: ADA })).rejects.toThrow('Git could not keep who commits')
  expect((await repository.client.request('terminal.list', {})).terminals).toEqual([])
  await rm(join(repository.workspace, '.git/config.lock'))
  expect(await commit({ message: 'First', author: ADA })).toMatchObject({ code: 0 })
})

test('one at a time; another may follow', async () => {
  await put('.git/hooks/pre-commit', '#!/bin/sh\nread answer\n')
  await chmod(join(repository.workspace, '.git/hooks/pre-commit'), 0o755)
  await put('a.txt', 'a')
  const asked = { message: 'First', author: ADA, ...size }
  const [first, second] = await Promise.allSettled([
    repository.client.request('git.commit', asked),
    repository.client.request('git.commit', asked),
  ])
  expect(second).toMatchObject({ status: 'rejected', reason: { message: expect.stringContaining('conflict') } })
  await expect(repository.client.request('git.commit', asked)).rejects.toThrow('conflict')
  if (first.status === 'fulfilled')
    await repository.client.request('terminal.close', { terminal: first.value.terminal })
  await put('.git/hooks/pre-commit', '#!/bin/sh\n')
  expect(await commit({ message: 'Second', author: ADA })).toMatchObject({ code: 0 })
})
