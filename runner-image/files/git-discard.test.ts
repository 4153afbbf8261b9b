import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { TestClient } from '../_client.ts'
import { startFixture } from '../_fixture.ts'
import type { Fixture } from '../_fixture.ts'

let fixture: Fixture
let client: TestClient
beforeEach(async () => {
  fixture = await startFixture()
  client = await fixture.connect('editor')
  git('init', '-q', '-b', 'main')
})
afterEach(async () => {
  client[Symbol.dispose]()
  await fixture[Symbol.asyncDispose]()
})

function git(...args: string[]): string {
  const who = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org']
  return execFileSync('git', [...who, ...args], { cwd: fixture.workspace, stdio: ['ignore', 'pipe', 'pipe'] })
    .toString()
    .trim()
}

const at = (path: string): string => join(fixture.workspace, path)
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

  const changed = await client.request('git.discard', { path: 'changed' })
  expect(changed.restored).toEqual(['changed'])
  expect(read('changed')).toBe('changed then')
  await client.request('git.discard', { path: 'folder/*' })
  expect(read('folder/*')).toBe('folder/* then')
  expect(read('folder/other')).toBe('is not meant')
  expect(await client.request('git.discard', { path: 'gone' })).toEqual({ restored: ['gone'] })
  expect(read('gone')).toBe('gone then')
  expect(await client.request('git.discard', { path: 'new', from: 'old' })).toMatchObject({ restored: ['old'] })
  expect([read('old'), read('new')]).toEqual(['old then', undefined])
  expect(await client.request('git.discard', { path: 'untracked' })).toMatchObject({ restored: [] })
  await client.request('git.discard', { path: 'folder/other' })
  expect(git('status', '--porcelain')).toBe('')

  await client.request('files.delete', { path: 'changed' })
  await client.request('files.restore', { deletion: changed.deletion ?? '' })
  expect(read('changed')).toBe('changed now')
})

test('before the first commit, and in the middle of a merge', async () => {
  await writeFile(at('added'), 'added')
  git('add', 'added')
  await client.request('git.discard', { path: 'added' })
  expect([read('added'), git('status', '--porcelain')]).toEqual([undefined, ''])

  await commitAll()
  git('checkout', '-q', '-b', 'other')
  await writeFile(at('both'), 'theirs')
  git('commit', '-q', '-a', '-m', 'theirs')
  git('checkout', '-q', 'main')
  await writeFile(at('both'), 'ours')
  git('commit', '-q', '-a', '-m', 'ours')
  expect(() => git('merge', 'other')).toThrow('Command failed')
  await client.request('git.discard', { path: 'both' })
  expect([read('both'), git('status', '--porcelain')]).toEqual(['ours', ''])
})

test('where Git refuses, the file stays, and it is said why', async () => {
  await commitAll()
  await writeFile(at('changed'), 'changed now')
  await writeFile(at('.git/index.lock'), '')
  await expect(client.request('git.discard', { path: 'changed' })).rejects.toThrow('unavailable')
  expect(read('changed')).toBe('changed now')
  await expect(client.request('git.discard', { path: '../outside' })).rejects.toThrow('bad_request')
})
