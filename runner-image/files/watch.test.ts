import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { EventData } from '#protocol/messages.ts'
import { createLog } from '../log.ts'
import { Watch } from './watch.ts'

let root: string
let watch: Watch
let told: EventData<'files.changed'>[]
beforeEach(async () => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'devex-watch-')))
  told = []
  watch = new Watch({ folder: join(root, 'w'), log: createLog(() => {}), onChange: (changes) => told.push(changes) })
  mkdirSync(join(root, 'w'))
  await watch.start()
})
afterEach(async () => {
  await watch[Symbol.asyncDispose]()
  rmSync(root, { recursive: true, force: true })
})

const at = (path: string) => join(root, 'w', path)
const isTold = (path: string) => told.some(({ changes }) => changes.some((change) => change.path === path))

/** Those of `paths` whose change is told by its name, once all is watched anew, which an overflow tells. */
async function heard(paths: string[]): Promise<string[]> {
  await expect.poll(() => told.some(({ overflow }) => overflow), { timeout: 10_000 }).toBe(true)
  for (const path of paths) writeFileSync(at(path), String(Math.random()))
  await vi.waitUntil(() => paths.every(isTold), { timeout: 10_000 }).catch(() => undefined)
  return paths.filter(isTold)
}

test('a tree that is moved is watched where it is now', async () => {
  mkdirSync(at('app/src/ui/parts'), { recursive: true })
  await expect.poll(() => told.length).toBeGreaterThan(0)
  await expect.poll(() => told.some(({ overflow }) => overflow), { timeout: 10_000 }).toBe(true)
  told.length = 0
  renameSync(at('app'), at('web'))
  const paths = ['web/a', 'web/src/b', 'web/src/ui/c', 'web/src/ui/parts/d']
  expect(await heard(paths)).toEqual(paths)
})

test('a tree that is written quickly is watched in all its folders', async () => {
  const folders = Array.from({ length: 40 }, (_, index) => `from/${index % 4}/${index}/deep`)
  for (const folder of folders) mkdirSync(join(root, folder), { recursive: true })
  execFileSync('cp', ['-r', join(root, 'from'), at('to')])
  const paths = folders.map((folder) => `${folder.replace('from', 'to')}/file`)
  expect(await heard(paths)).toEqual(paths)
})

test('what changes no folder has nothing watched anew', async () => {
  mkdirSync(at('flat'))
  writeFileSync(at('flat/a'), '')
  await expect.poll(() => isTold('flat')).toBe(true)
  for (let count = 0; count < 20; count += 1) {
    writeFileSync(at(`flat/${count}`), '')
    await expect.poll(() => isTold(`flat/${count}`)).toBe(true)
  }
  expect(told.some(({ overflow }) => overflow)).toBe(false)
})
