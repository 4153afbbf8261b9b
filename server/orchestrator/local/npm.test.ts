import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { findNpm } from './npm.ts'

const home = await mkdtemp(join(tmpdir(), 'devex-npm-'))
const packageFolder = join(home, 'lib/node_modules/npm')
await mkdir(join(packageFolder, 'bin'), { recursive: true })
await mkdir(join(home, 'bin'))
await writeFile(join(packageFolder, 'bin/npm-cli.js'), '')
await symlink('../lib/node_modules/npm/bin/npm-cli.js', join(home, 'bin/npm'))
const hostEnv = { PATH: `/nowhere:${join(home, 'bin')}` }

afterAll(() => rm(home, { recursive: true }))

test('npm in somebody’s home is found through PATH', async () => {
  expect(await findNpm(hostEnv, ['/nowhere'])).toBe(packageFolder)
})

test('nothing is added where npm is seen inside anyway, or nowhere', async () => {
  expect(await findNpm(hostEnv, [join(home, 'bin')])).toBeUndefined()
  expect(await findNpm({ PATH: '/nowhere' }, ['/nowhere'])).toBeUndefined()
})
