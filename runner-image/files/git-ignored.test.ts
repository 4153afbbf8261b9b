import { execFileSync } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ignoredAmong } from './git-ignored.ts'
import { openWorkspace } from './workspace.ts'
import type { Workspace } from './workspace.ts'

let root: string
let workspace: Workspace
let processes = 0
const count = () => void (processes += 1)
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'devex-ignored-'))
  workspace = openWorkspace(root)
  execFileSync('git', ['init', '--quiet'], { cwd: root })
  await writeFile(join(root, '.gitignore'), '*.log\n/out\n')
  processes = 0
  subscribe('child_process', count)
})
afterEach(async () => {
  unsubscribe('child_process', count)
  await rm(root, { recursive: true, force: true })
})

test('folders that are asked about at a time take two questions, and each gets its own answer', async () => {
  const asked = Array.from({ length: 20 }, async (_, index) => {
    const [log, text] = [`${index}/a.log`, `${index}/a.txt`]
    const ignored = await ignoredAmong(workspace, [log, text])
    return [ignored.has(log), ignored.has(text)]
  })
  expect(await Promise.all(asked)).toEqual(asked.map(() => [true, false]))
  expect(processes).toBe(2)
  expect([...(await ignoredAmong(workspace, ['out', 'a.txt']))]).toEqual(['out'])
})

test('a path that git refuses takes nothing from the others', async () => {
  await mkdir(join(root, 'real'))
  await symlink('real', join(root, 'link'))
  const first = ignoredAmong(workspace, ['a.log'])
  const [behind, beside] = [ignoredAmong(workspace, ['link/a.log']), ignoredAmong(workspace, ['b.log'])]
  expect([...(await first)]).toEqual(['a.log'])
  expect([...(await behind)]).toEqual([])
  expect([...(await beside)]).toEqual(['b.log'])
})
