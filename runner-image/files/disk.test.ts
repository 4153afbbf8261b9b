import { readdirSync } from 'node:fs'
import { chmod, mkdir, readFile, readdir, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { TRASH_DIR } from '#protocol/paths.ts'
import { until } from '../_client.ts'
import { startFixture } from '../_fixture.ts'
import type { Fixture } from '../_fixture.ts'
import { RunnerError, toWireError } from '../errors.ts'
import { createLog } from '../log.ts'
import { removeLeftovers } from './leftovers.ts'
import { copy } from './move.ts'
import { Trash } from './trash.ts'
import { openWorkspace } from './workspace.ts'

const MIB = 1024 * 1024
const MANY = 1000
const SILENT = createLog(() => {})

/** A folder that takes a good while to copy. */
async function makeLarge(folder: string): Promise<void> {
  await mkdir(folder)
  await Promise.all(Array.from({ length: MANY }, async (_, i) => writeFile(join(folder, String(i)), 'x')))
}

/** What one runner after another makes of the same files: each has its own workspace and trash. */
async function start({ workspace: folder, home }: Fixture) {
  const workspace = openWorkspace(folder)
  return { workspace, trash: new Trash(workspace, home, SILENT) }
}

const STOP = new RunnerError('unavailable', 'A stop.')

describe('a HOME on another mount', () => {
  test('what is deleted still goes to the trash, and comes back as it was', async () => {
    await using fixture = await startFixture({ homeBelow: '/dev/shm' })
    expect((await stat(fixture.home)).dev).not.toBe((await stat(fixture.workspace)).dev)
    using client = await fixture.connect()
    await mkdir(join(fixture.workspace, 'f/deep'), { recursive: true })
    await writeFile(join(fixture.workspace, 'f/deep/run'), 'content', { mode: 0o755 })
    await symlink('/nowhere', join(fixture.workspace, 'f/link'))
    const { deletion } = await client.request('files.delete', { path: 'f' })
    expect((await client.request('files.list', { path: '' })).entries).toEqual([])
    await client.request('files.restore', { deletion })
    expect((await readdir(join(fixture.workspace, 'f'))).sort()).toEqual(['deep', 'link'])
    expect(await readFile(join(fixture.workspace, 'f/deep/run'), 'utf8')).toBe('content')
    expect((await stat(join(fixture.workspace, 'f/deep/run'))).mode & 0o777).toBe(0o755)
  })

  test('a large folder is deleted at once, and can be taken back while it is on its way to the trash', async () => {
    await using fixture = await startFixture({ homeBelow: '/dev/shm' })
    using client = await fixture.connect()
    await makeLarge(join(fixture.workspace, 'f'))
    const { deletion } = await client.request('files.delete', { path: 'f' })
    expect(await readdir(fixture.workspace)).toEqual([`.devex-${deletion}.tmp`])
    await client.request('files.restore', { deletion })
    expect(await readdir(join(fixture.workspace, 'f'))).toHaveLength(MANY)
    expect(await readdir(fixture.workspace)).toEqual(['f'])
    expect(await readdir(join(fixture.home, TRASH_DIR))).toEqual([])
  })

  test('making room leaves alone what is just being taken back, and so does tidying up', async () => {
    await using fixture = await startFixture({ open: false, homeBelow: '/dev/shm' })
    const { trash } = await start(fixture)
    await makeLarge(join(fixture.workspace, 'f'))
    const deletion = await trash.delete('f')
    await trash.settled()
    await utimes(join(fixture.home, TRASH_DIR, `${deletion}.json`), 1, 1)
    const restored = trash.restore(deletion)
    await until('the copy to begin', () => (readdirSync(fixture.workspace).length > 0 ? true : undefined))
    await Promise.all([trash.free(Infinity), trash.tidy()])
    expect(await restored).toBe('f')
    expect(await readdir(fixture.workspace)).toEqual(['f'])
    expect(await readdir(join(fixture.workspace, 'f'))).toHaveLength(MANY)
  })

  test('what is asked back twice at once comes back once, and who was second is told that it is over', async () => {
    await using fixture = await startFixture({ open: false, homeBelow: '/dev/shm' })
    const { trash } = await start(fixture)
    await makeLarge(join(fixture.workspace, 'f'))
    const deletion = await trash.delete('f')
    await trash.settled()
    const restored = await Promise.allSettled([trash.restore(deletion), trash.restore(deletion)])
    const inOrder = restored.sort((a, b) => a.status.localeCompare(b.status))
    expect(inOrder).toMatchObject([{ value: 'f' }, { reason: { code: 'gone' } }])
    expect(await readdir(fixture.workspace)).toEqual(['f'])
    expect(await readdir(join(fixture.workspace, 'f'))).toHaveLength(MANY)
  })

  test('a stop saves no half of a deletion: it waits until all of it is in the trash', async () => {
    await using fixture = await startFixture({ homeBelow: '/dev/shm' })
    using client = await fixture.connect()
    await makeLarge(join(fixture.workspace, 'f'))
    const { deletion } = await client.request('files.delete', { path: 'f' })
    expect((await fixture.http('POST', '/quiesce')).status).toBe(200)
    expect(await readdir(fixture.workspace)).toEqual([])
    expect(await readdir(join(fixture.home, TRASH_DIR, deletion, 'f'))).toHaveLength(MANY)
  })

  test('a deletion that was broken off is taken to its end by the next start, and comes back whole', async () => {
    await using fixture = await startFixture({ open: false, homeBelow: '/dev/shm' })
    await makeLarge(join(fixture.workspace, 'f'))
    const first = await start(fixture)
    const deletion = await first.trash.delete('f')
    await first.workspace.lock.close(STOP)
    expect(await readdir(fixture.workspace)).toEqual([`.devex-${deletion}.tmp`])
    expect((await readdir(join(fixture.home, TRASH_DIR))).sort()).toEqual([deletion, `${deletion}.json`])
    // A crash leaves what a stop takes away.
    await mkdir(join(fixture.home, TRASH_DIR, `${deletion}.part/f`), { recursive: true })
    const { trash, workspace } = await start(fixture)
    await trash.tidy()
    await trash.settled()
    await removeLeftovers(workspace, trash)
    expect(await readdir(fixture.workspace)).toEqual([])
    expect(await readdir(join(fixture.home, TRASH_DIR, deletion, 'f'))).toHaveLength(MANY)
    await trash.restore(deletion)
    expect(await readdir(join(fixture.workspace, 'f'))).toHaveLength(MANY)
    expect(await readdir(join(fixture.home, TRASH_DIR))).toEqual([])
  })
})

describe('what a runner that died has left', () => {
  test('half written and half copied, is gone after the next start', async () => {
    await using fixture = await startFixture({ open: false })
    await mkdir(join(fixture.workspace, 'a/.devex-aaaaaaaaaaaaaaaa.tmp/locked'), { recursive: true })
    await writeFile(join(fixture.workspace, 'a/.devex-aaaaaaaaaaaaaaaa.tmp/locked/file'), 'half')
    await chmod(join(fixture.workspace, 'a/.devex-aaaaaaaaaaaaaaaa.tmp/locked'), 0o500)
    await writeFile(join(fixture.workspace, '.devex-bbbbbbbbbbbbbbbb.tmp'), 'half')
    await fixture.open()
    await expect.poll(async () => readdir(fixture.workspace, { recursive: true }), { timeout: 10_000 }).toEqual(['a'])
  })

  test('is told from what is being written and what can be taken back', async () => {
    await using fixture = await startFixture({ open: false })
    const { workspace, trash } = await start(fixture)
    const own = workspace.temporaryBeside(join(workspace.root, 'f'))
    await writeFile(own, 'being written')
    await writeFile(join(workspace.root, '.devex-cccccccccccccccc.tmp'), 'set aside')
    await mkdir(join(fixture.home, TRASH_DIR), { recursive: true })
    const record = JSON.stringify({ path: 'g', at: Date.now() })
    await writeFile(join(fixture.home, TRASH_DIR, 'cccccccccccccccc.json'), record)
    await removeLeftovers(workspace, trash)
    await trash.restore('cccccccccccccccc')
    expect((await readdir(fixture.workspace)).sort()).toEqual([basename(own), 'g'].sort())
  })

  test('a copy that a stop breaks off leaves nothing', async () => {
    await using fixture = await startFixture({ open: false })
    const { workspace } = await start(fixture)
    await makeLarge(join(fixture.workspace, 'f'))
    const copied = copy(workspace, { from: 'f', to: 'g' }).catch((error: unknown) => error)
    await workspace.lock.close(STOP)
    expect(await readdir(fixture.workspace)).toEqual(['f'])
    expect(await copied).toBe(STOP)
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

  test('the oldest of what was deleted makes room for what is written, and only as much as it takes', async () => {
    await using fixture = await startFixture({ open: false })
    await writeFile(join(fixture.workspace, 'older'), Buffer.alloc(3 * MIB, 1))
    await writeFile(join(fixture.workspace, 'newer'), Buffer.alloc(2 * MIB, 1))
    await fixture.open({ diskLimitBytes: 4 * MIB })
    using client = await fixture.connect()
    await client.event('disk.changed', ({ state }) => state === 'full')
    const { deletion: older } = await client.request('files.delete', { path: 'older' })
    // The clock of files ticks every few milliseconds: both could be as old.
    await utimes(join(fixture.home, TRASH_DIR, `${older}.json`), 1, 1)
    const { deletion: newer } = await client.request('files.delete', { path: 'newer' })
    await client.request('files.write', { path: 'a', content: 'x', ifMatch: null })
    await expect(client.request('files.restore', { deletion: older })).rejects.toThrow('gone')
    await client.request('files.restore', { deletion: newer })
    expect((await readdir(fixture.workspace)).sort()).toEqual(['a', 'newer'])
  })

  test('the folders that take it up are named, of the project and of HOME, the largest first', async () => {
    await using fixture = await startFixture({ open: false })
    await mkdir(join(fixture.workspace, 'a/b/c'), { recursive: true })
    await mkdir(join(fixture.workspace, 'small'))
    await mkdir(join(fixture.home, 'cache'))
    await writeFile(join(fixture.workspace, 'a/b/c/file'), Buffer.alloc(4 * MIB, 1))
    await writeFile(join(fixture.workspace, 'a/file'), Buffer.alloc(MIB, 1))
    await writeFile(join(fixture.workspace, 'small/file'), 'x')
    await writeFile(join(fixture.home, 'cache/file'), Buffer.alloc(2 * MIB, 1))
    await fixture.open({})
    using client = await fixture.connect()
    const { folders } = await client.request('disk.largest', {})
    expect(folders.map(({ place, path }) => [place, path])).toEqual([
      ['workspace', 'a'],
      ['workspace', 'a/b'],
      ['home', 'cache'],
    ])
    expect(folders[0]?.bytes).toBeGreaterThan(5 * MIB - 1)
    using viewer = await fixture.connect('viewer')
    await expect(viewer.request('disk.largest', {})).rejects.toThrow('forbidden')
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
