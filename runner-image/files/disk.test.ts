import { mkdir, readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startFixture } from '../_fixture.ts'
import { toWireError } from '../errors.ts'

const MIB = 1024 * 1024

describe('a HOME on another mount', () => {
  test('what is deleted still goes to the trash, and comes back as it was', async () => {
    await using fixture = await startFixture({ homeBelow: '/dev/shm' })
    expect((await stat(fixture.home)).dev).not.toBe((await stat(fixture.workspace)).dev)
    using client = await fixture.connect()
    await mkdir(join(fixture.workspace, 'f/deep'), { recursive: true })
    await writeFile(join(fixture.workspace, 'f/deep/run'), 'content', { mode: 0o755 })
    await symlink('/nowhere', join(fixture.workspace, 'f/link'))
    const { deletion } = await client.request('files.delete', { path: 'f' })
    expect(await readdir(fixture.workspace)).toEqual([])
    await client.request('files.restore', { deletion })
    expect((await readdir(join(fixture.workspace, 'f'))).sort()).toEqual(['deep', 'link'])
    expect(await readFile(join(fixture.workspace, 'f/deep/run'), 'utf8')).toBe('content')
    expect((await stat(join(fixture.workspace, 'f/deep/run'))).mode & 0o777).toBe(0o755)
  })
})

describe('a full disk', () => {
  test('writes are refused with advice, deleting is not, and afterwards writes work again', async () => {
    await using fixture = await startFixture({ open: false })
    await writeFile(join(fixture.workspace, 'big'), Buffer.alloc(3 * MIB, 1))
    await fixture.open({ diskLimitBytes: 2 * MIB })
    using client = await fixture.connect()
    const full = await client.event('disk.changed', ({ state }) => state === 'full')
    expect(full.usedBytes).toBeGreaterThan(3 * MIB - 1)
    const write = async (path: string) => client.request('files.write', { path, content: 'x', ifMatch: null })
    await expect(write('a')).rejects.toThrow('quota_exceeded')
    const headers = { authorization: `Bearer ${await fixture.token()}` }
    expect((await fixture.http('PUT', '/files/a', { headers, body: 'x' })).status).toBe(507)
    const terminal = await client.shell()
    terminal.type('rm big; echo do""ne\n')
    await terminal.shows('done')
    await write('a')
    await client.event('disk.changed', ({ state }) => state === 'ok')
  })

  test('what the system says about space and permission is told with what to do', () => {
    for (const code of ['ENOSPC', 'EDQUOT']) {
      const error = toWireError(Object.assign(new Error('x'), { code }), 'a/b')
      expect(error).toMatchObject({ code: 'quota_exceeded', path: 'a/b' })
      expect(error.advice).toContain('Delete files')
    }
    expect(toWireError(new Error('/secret/path'))).toEqual({
      code: 'internal',
      message: 'Something went wrong in the sandbox.',
    })
  })
})
