import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openDataFolder } from '#server/data-folder.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'devex-data-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('S1: the secret is made once, is long, and only its owner can read it', async () => {
  const data = await openDataFolder(join(folder, 'data'))
  expect(data.secret.length).toBeGreaterThanOrEqual(32)
  expect((await openDataFolder(data.path)).secret).toBe(data.secret)
  expect((await stat(join(data.path, 'secret'))).mode & 0o077).toBe(0)
  expect((await stat(data.path)).mode & 0o077).toBe(0)
})

test('a damaged secret is refused and left as it is, since nothing could be opened with a new one', async () => {
  await openDataFolder(folder)
  for (const left of ['', 'half-a-secret\n']) {
    await writeFile(join(folder, 'secret'), left)
    await expect(openDataFolder(folder)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('is damaged'),
    })
    expect(await readFile(join(folder, 'secret'), 'utf8')).toBe(left)
  }
})

test('two installations have two secrets', async () => {
  const [a, b] = [await openDataFolder(join(folder, 'a')), await openDataFolder(join(folder, 'b'))]
  expect(a.secret).not.toBe(b.secret)
})

test('a folder written by a newer version is refused by name', async () => {
  await openDataFolder(folder)
  await writeFile(join(folder, 'format.json'), '{"format":99}')
  await expect(openDataFolder(folder)).rejects.toMatchObject({
    code: 'not_supported',
    message: expect.stringContaining('format 99'),
  })
})

test.skipIf(process.getuid?.() === 0)(
  'a read-only folder is refused with the way out (skipped as root, who may write anyway)',
  async () => {
    await chmod(folder, 0o500)
    await expect(openDataFolder(join(folder, 'data'))).rejects.toMatchObject({
      code: 'unavailable',
      advice: expect.stringContaining('DEVEX_DATA'),
    })
  },
)

test('a file where the folder should be is refused with the way out', async () => {
  await writeFile(join(folder, 'file'), '')
  await expect(openDataFolder(join(folder, 'file'))).rejects.toMatchObject({
    code: 'unavailable',
    advice: expect.stringContaining('DEVEX_DATA'),
  })
})
