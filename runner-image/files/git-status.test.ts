import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { MAX_EDITOR_FILE_BYTES } from '#protocol/limits.ts'
import { MAX_GIT_CHANGES } from '../limits.ts'
import { GitLook, parseStatus } from './git-status.ts'
import { openWorkspace } from './workspace.ts'

let root: string
let look: GitLook
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'devex-git-'))
  look = new GitLook(openWorkspace(root))
})
afterEach(async () => rm(root, { recursive: true, force: true }))

function git(...args: string[]): string {
  const who = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', '-c', 'init.defaultBranch=main']
  return execFileSync('git', [...who, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    .toString()
    .trim()
}

async function put(path: string, content: string | Buffer): Promise<void> {
  await writeFile(join(root, path), content)
}

test('a folder that is no repository, and one whose repository is broken', async () => {
  expect(await look.status()).toEqual({ kind: 'none' })
  await mkdir(join(root, '.git'))
  expect(await look.status()).toEqual({ kind: 'unanswered' })
  expect(await look.file('a.txt')).toEqual({ kind: 'missing' })
})

test('before the first commit, everything is new', async () => {
  git('init')
  await put('a.txt', 'a')
  await put('b c\n.txt', 'b')
  git('add', 'a.txt')
  expect(await look.status()).toEqual({
    kind: 'repository',
    branch: 'main',
    changes: [
      { path: 'a.txt', kind: 'added' },
      { path: 'b c\n.txt', kind: 'untracked' },
    ],
    truncated: false,
  })
  expect(await look.file('a.txt')).toEqual({ kind: 'missing' })
})

test('what was changed, deleted, renamed or conflicts, and the files as they were', async () => {
  git('init')
  for (const name of ['changed', 'deleted', 'removed', 'staged', 'conflict', 'ä'])
    await put(name, `${name} ${'x'.repeat(99)}`)
  await put('old name', 'y'.repeat(99))
  git('add', '.')
  git('commit', '-m', 'one')
  git('checkout', '-b', 'other')
  await put('conflict', 'theirs')
  git('commit', '-am', 'theirs')
  git('checkout', 'main')
  await put('conflict', 'mine')
  git('commit', '-am', 'mine')
  expect(() => git('merge', 'other')).toThrow('Command failed')
  await put('changed', 'now')
  await rm(join(root, 'deleted'))
  git('rm', 'removed')
  await put('staged', 'now')
  git('add', 'staged')
  await rename(join(root, 'old name'), join(root, 'new name'))
  git('add', '-A', 'old name', 'new name')
  await put('ä', 'now')
  expect(await look.status()).toMatchObject({
    branch: 'main',
    commit: git('rev-parse', 'HEAD'),
    changes: [
      { path: 'changed', kind: 'modified' },
      { path: 'deleted', kind: 'deleted' },
      { path: 'new name', kind: 'renamed', from: 'old name' },
      { path: 'removed', kind: 'deleted' },
      { path: 'staged', kind: 'modified' },
      { path: 'ä', kind: 'modified' },
      { path: 'conflict', kind: 'conflicted' },
    ],
  })
  expect(await look.file('changed')).toEqual({ kind: 'text', content: `changed ${'x'.repeat(99)}` })
  expect(await look.file('removed')).toMatchObject({ kind: 'text' })
})

test('no branch, and one that is pushed elsewhere', async () => {
  git('init')
  await put('a.txt', 'a')
  git('add', '.')
  git('commit', '-m', 'one')
  git('branch', 'upstream')
  git('commit', '--allow-empty', '-m', 'two')
  git('branch', '--set-upstream-to=upstream')
  expect(await look.status()).toMatchObject({ upstream: { name: 'upstream', ahead: 1, behind: 0 } })
  git('checkout', '--detach')
  const status = await look.status()
  expect(status).toMatchObject({ kind: 'repository', changes: [] })
  expect(status).not.toHaveProperty('branch')
})

test('looking at a project runs no program that its configuration names', async () => {
  git('init')
  await put('.gitattributes', '* filter=evil diff=evil')
  await put('a.txt', 'a')
  git('add', '.')
  git('commit', '-m', 'one')
  const ran = join(root, 'ran')
  const program = `sh -c 'echo "$0" >> ${ran}; cat'`
  await put('.git/hooks/post-index-change', `#!/bin/sh\necho hook >> ${ran}\n`)
  await chmod(join(root, '.git/hooks/post-index-change'), 0o755)
  for (const [name, value] of [
    ['core.fsmonitor', `${program} monitor`],
    ['filter.evil.clean', `${program} clean`],
    ['filter.evil.process', `${program} process`],
    ['filter.evil.required', 'true'],
    ['filter.a=b.clean', `${program} clean`],
    ['diff.evil.textconv', `${program} textconv`],
    ['core.repositoryformatversion', '1'],
    ['extensions.partialClone', 'origin'],
    ['remote.origin.promisor', 'true'],
    ['remote.origin.url', 'ssh://example.invalid/x'],
    ['core.sshCommand', `${program} ssh`],
  ] as const)
    git('config', name, value)
  // Of the same size, and another time than the index has: Git compares what is in it.
  await put('a.txt', 'b')
  expect(await look.status()).toMatchObject({ changes: [{ path: 'a.txt', kind: 'modified' }] })
  const blob = git('rev-parse', 'HEAD:a.txt')
  await rm(join(root, '.git/objects', blob.slice(0, 2), blob.slice(2)))
  expect(await look.file('a.txt')).toEqual({ kind: 'missing' })
  expect(existsSync(ran)).toBe(false)
  // Asked without care, it would run them.
  expect(() => git('status')).toThrow('Command failed')
  expect(existsSync(ran)).toBe(true)
})

test('files that are no text, or too large to show', async () => {
  git('init')
  await put('binary', Buffer.from([0, 1, 2]))
  await put('large', 'x'.repeat(MAX_EDITOR_FILE_BYTES + 1))
  await put('largest', 'x'.repeat(MAX_EDITOR_FILE_BYTES))
  git('add', '.')
  git('commit', '-m', 'one')
  expect(await look.file('binary')).toEqual({ kind: 'binary' })
  expect(await look.file('large')).toEqual({ kind: 'too_large' })
  expect(await look.file('largest')).toMatchObject({ kind: 'text' })
})

test('who asks while Git looks gets what the look after says', async () => {
  git('init')
  const first = look.status()
  writeFileSync(join(root, 'a.txt'), 'a')
  const [second, third] = [look.status(), look.status()]
  expect(second).toBe(third)
  expect(await second).toMatchObject({ changes: [{ path: 'a.txt' }] })
  await first
  expect(await look.status()).toMatchObject({ changes: [{ path: 'a.txt' }] })
})

test('an answer that is cut off, or too long, says so', () => {
  expect(parseStatus('? a\0? b')).toMatchObject({ changes: [{ path: 'a' }], truncated: true })
  const many = parseStatus('? a\0'.repeat(MAX_GIT_CHANGES + 1))
  expect([many.changes.length, many.truncated]).toEqual([MAX_GIT_CHANGES, true])
})
