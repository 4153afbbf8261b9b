import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startRepository } from './_repository.ts'
import type { Repository } from './_repository.ts'

let repository: Repository
beforeEach(async () => {
  repository = await startRepository()
  repository.git('config', 'user.name', 'Ada')
  repository.git('config', 'user.email', 'ada@example.org')
})
afterEach(() => repository[Symbol.asyncDispose]())

const git = (...args: string[]): string => repository.git(...args)

const at = (path: string): string => join(repository.workspace, path)
const read = (path: string): string | undefined => (existsSync(at(path)) ? readFileSync(at(path), 'utf8') : undefined)

async function commitAll(): Promise<void> {
  for (const path of ['changed', 'gone', 'old', 'folder/*', 'both']) {
    await mkdir(join(at(path), '..'), { recursive: true })
    await writeFile(at(path), `${path} then`)
  }
  git('add', '.')
  git('commit', '-q', '-m', 'first')
}

test('changed, staged, deleted, moved and new: each is as it was, and what it was can be had back', async () => {
  await commitAll()
  await writeFile(at('changed'), 'changed now')
  await writeFile(at('folder/*'), 'staged now')
  await writeFile(at('folder/other'), 'is not meant')
  git('add', 'folder')
  await rm(at('gone'))
  git('mv', 'old', 'new')
  await writeFile(at('untracked'), 'untracked now')

  const changed = await repository.client.request('git.discard', { path: 'changed' })
  expect(changed.restored).toEqual(['changed'])
  expect(read('changed')).toBe('changed then')
  await repository.client.request('git.discard', { path: 'folder/*' })
  expect(read('folder/*')).toBe('folder/* then')
  expect(read('folder/other')).toBe('is not meant')
  expect(await repository.client.request('git.discard', { path: 'gone' })).toEqual({ restored: ['gone'] })
  expect(read('gone')).toBe('gone then')
  expect(await repository.client.request('git.discard', { path: 'new', from: 'old' })).toMatchObject({
    restored: ['old'],
  })
  expect([read('old'), read('new')]).toEqual(['old then', undefined])
  expect(await repository.client.request('git.discard', { path: 'untracked' })).toMatchObject({ restored: [] })
  await repository.client.request('git.discard', { path: 'folder/other' })
  expect(git('status', '--porcelain')).toBe('')

  await repository.client.request('files.delete', { path: 'changed' })
  await repository.client.request('files.restore', { deletion: changed.deletion ?? '' })
  expect(read('changed')).toBe('changed now')
})

test('what stands in the way of what was there is kept', async () => {
  await commitAll()
  git('mv', 'old', 'new')
  await writeFile(at('old'), 'another')
  await repository.client.request('git.discard', { path: 'new', from: 'old' })
  expect([read('old'), read('new')]).toEqual(['another', undefined])

  await rm(at('folder'), { recursive: true })
  await writeFile(at('folder'), 'a file now')
  await expect(repository.client.request('git.discard', { path: 'folder/*' })).rejects.toThrow('unavailable')
  expect(read('folder')).toBe('a file now')
})

test('before the first commit, and in the middle of a merge', async () => {
  await writeFile(at('added'), 'added')
  git('add', 'added')
  await repository.client.request('git.discard', { path: 'added' })
  expect([read('added'), git('status', '--porcelain')]).toEqual([undefined, ''])

  await commitAll()
  git('checkout', '-q', '-b', 'other')
  await writeFile(at('both'), 'theirs')
  git('commit', '-q', '-a', '-m', 'theirs')
  git('checkout', '-q', 'main')
  await writeFile(at('both'), 'ours')
  git('commit', '-q', '-a', '-m', 'ours')
  expect(() => git('merge', 'other')).toThrow('Command failed')
  await repository.client.request('git.discard', { path: 'both' })
  expect([read('both'), git('status', '--porcelain')]).toEqual(['ours', ''])
})

test('where Git refuses, the file stays, and it is said why', async () => {
  await commitAll()
  await writeFile(at('changed'), 'changed now')
  await writeFile(at('.git/index.lock'), '')
  await expect(repository.client.request('git.discard', { path: 'changed' })).rejects.toThrow('unavailable')
  expect(read('changed')).toBe('changed now')
  await expect(repository.client.request('git.discard', { path: '../outside' })).rejects.toThrow('bad_request')
})
