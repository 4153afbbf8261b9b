import { chmod, readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startTestRunner } from '../runner/_runner.ts'
import type { TestRunner } from '../runner/_runner.ts'
import type { FilesApi } from '../runner/runner-api.ts'
import { SidecarError } from '../sidecar-error.ts'
import { carryOut } from './carry-out.ts'
import type { Plan } from './carry-out.ts'

const NAMES = ['deleted.txt', 'from.txt', 'one.txt', 'two.txt']

let runner: TestRunner
let files: FilesApi
beforeAll(async () => {
  runner = await startTestRunner()
  files = runner.api.files
})
afterAll(async () => runner[Symbol.asyncDispose]())

const at = (name: string) => join(runner.fixture.workspace, name)
const put = (name: string, text: string) => writeFile(at(name), text)
const before = async (path: string) => {
  const { etag, mode } = await files.stat(path)
  return { text: path, etag, executable: (mode & 0o100) !== 0 }
}
const plan = async (op: Plan['op'], path: string, to = path): Promise<Plan> => ({
  op,
  path,
  to,
  before: op === 'add' ? undefined : await before(path),
  after: op === 'delete' ? undefined : 'patched',
})
/** All that a patch can do, two.txt last. */
const plans = async () => [
  await plan('update', 'one.txt'),
  await plan('delete', 'deleted.txt'),
  await plan('move', 'from.txt', 'moved.txt'),
  await plan('add', 'added.txt'),
  await plan('update', 'two.txt'),
]
const lying = async () => {
  const names = (await readdir(runner.fixture.workspace)).filter((name) => name.endsWith('.txt')).sort()
  return Promise.all(names.map(async (name) => `${name}: ${await readFile(at(name), 'utf8')}`))
}

describe('a patch that cannot be carried out to its end', () => {
  beforeEach(async () => {
    for (const name of NAMES) await put(name, name)
  })

  test('leaves nothing behind, and says so, where its last file was refused', async () => {
    const all = await plans()
    await put('two.txt', 'by a person')
    await expect(carryOut(files, all)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('nothing is changed'),
    })
    expect(await lying()).toEqual([
      'deleted.txt: deleted.txt',
      'from.txt: from.txt',
      'one.txt: one.txt',
      'two.txt: by a person',
    ])
  })

  test('gives a deleted program back as one that can be run', async () => {
    await chmod(at('deleted.txt'), 0o755)
    const all = await plans()
    await put('two.txt', 'by a person')
    await expect(carryOut(files, all)).rejects.toMatchObject({ code: 'conflict' })
    expect((await stat(at('deleted.txt'))).mode & 0o111).toBe(0o111)
  })

  test('deletes no file that somebody has changed', async () => {
    const all = [await plan('delete', 'deleted.txt')]
    await put('deleted.txt', 'by a person')
    await expect(carryOut(files, all)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('nothing is changed'),
    })
    expect(await readFile(at('deleted.txt'), 'utf8')).toBe('by a person')
  })

  test('names the file of which nobody knows whether it was written', async () => {
    const cutOff: FilesApi = {
      ...files,
      writeSmall: async (to, content) => {
        const version = await files.writeSmall(to, content)
        if (to.path === 'two.txt') throw new SidecarError('unavailable', 'The sandbox does not answer.')
        return version
      },
    }
    const refusal = { code: 'unavailable', message: expect.stringMatching(/May be changed: two\.txt\.$/) }
    await expect(carryOut(cutOff, await plans())).rejects.toMatchObject(refusal)
    expect(await lying()).toEqual([
      'deleted.txt: deleted.txt',
      'from.txt: from.txt',
      'one.txt: one.txt',
      'two.txt: patched',
    ])
  })

  test('keeps what people saved meanwhile, and names it', async () => {
    const inBetween: FilesApi = {
      ...files,
      writeSmall: async (to, content) => {
        if (to.path === 'two.txt') {
          for (const name of ['one.txt', 'deleted.txt', 'added.txt', 'two.txt']) await put(name, 'by a person')
        }
        return files.writeSmall(to, content)
      },
    }
    const refusal = { message: expect.stringMatching(/May be changed: one\.txt, deleted\.txt, added\.txt\.$/) }
    await expect(carryOut(inBetween, await plans())).rejects.toMatchObject(refusal)
    expect(await lying()).toEqual([
      'added.txt: by a person',
      'deleted.txt: by a person',
      'from.txt: from.txt',
      'one.txt: by a person',
      'two.txt: by a person',
    ])
  })
})
