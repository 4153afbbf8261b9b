import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runIfStale } from './stale.ts'

let root: string
let runs: number
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'devex-stale-'))
  runs = 0
  await writeFile(join(root, 'input.ts'), 'one')
})
afterEach(async () => rm(root, { recursive: true }))

const build = (isBrokenOff = false) =>
  runIfStale(
    {
      name: 'thing',
      inputs: ['*.ts'],
      output: 'made',
      run: async () => {
        runs += 1
        await writeFile(join(root, 'made'), await readFile(join(root, 'input.ts')))
        if (isBrokenOff) throw new Error('broken off')
      },
    },
    root,
  )

test('what is built already is built again when its inputs change, and only then', async () => {
  await build()
  await build()
  expect(runs).toBe(1)
  await writeFile(join(root, 'input.ts'), 'two')
  await build()
  expect(runs).toBe(2)
})

test('what somebody has removed is built again', async () => {
  await build()
  await rm(join(root, 'made'))
  await build()
  expect(await readFile(join(root, 'made'), 'utf8')).toBe('one')
})

test('after a build that was broken off, the inputs of the build before are built again', async () => {
  await build()
  await writeFile(join(root, 'input.ts'), 'two')
  await expect(build(true)).rejects.toThrow('broken off')
  await writeFile(join(root, 'input.ts'), 'one')
  await build()
  expect(await readFile(join(root, 'made'), 'utf8')).toBe('one')
})
