import { spawn } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { chmod, lstat, mkdir, readFile, readdir, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { MAX_EDITOR_FILE_BYTES } from '#protocol/limits.ts'
import { Refused } from '../_client.ts'
import type { TestClient } from '../_client.ts'
import { startFixture } from '../_fixture.ts'
import type { Fixture } from '../_fixture.ts'
import { readForEditor } from './read.ts'
import { openWorkspace } from './workspace.ts'
import { writeText } from './write.ts'

let fixture: Fixture
let client: TestClient
beforeEach(async () => {
  fixture = await startFixture()
  client = await fixture.connect('editor')
})
afterEach(async () => {
  client[Symbol.dispose]()
  await fixture[Symbol.asyncDispose]()
})

const at = (path: string) => join(fixture.workspace, path)
const text = async (path: string) => readFile(at(path), 'utf8')

/** Writes `f` over and over, and says each time that it is written. */
const WRITER = `
  import { writeSync } from 'node:fs'
  import { openWorkspace } from ${JSON.stringify(new URL('workspace.ts', import.meta.url).href)}
  import { writeText } from ${JSON.stringify(new URL('write.ts', import.meta.url).href)}
  const workspace = openWorkspace(process.argv[1])
  for (let n = 0; ; n++) {
    await writeText(workspace, { path: 'f', content: String(n).padStart(8, '0') + 'x'.repeat(100_000), ifMatch: 'any' })
    writeSync(1, n + '\\n')
  }
`

/** The code, path and message of a refusal. */
async function refusal(request: Promise<unknown>): Promise<{ code: string; path?: string | undefined }> {
  try {
    await request
  } catch (error) {
    if (error instanceof Refused) return { code: error.wire.code, path: error.wire.path }
    throw error
  }
  throw new Error('was not refused')
}

describe('reading', () => {
  test('text comes with its etag, binary and large files as what they are', async () => {
    await writeFile(at('grüße 😀.txt'), 'hällo\r\n')
    await writeFile(at('empty'), '')
    await writeFile(at('image.png'), Buffer.from([0x89, 0x50, 0xff, 0x00]))
    await writeFile(at('nul.txt'), 'a\0b')
    await writeFile(at('big.txt'), 'x'.repeat(MAX_EDITOR_FILE_BYTES + 1))
    expect(await client.request('files.read', { path: 'grüße 😀.txt' })).toMatchObject({
      kind: 'text',
      content: 'hällo\r\n',
      size: 8,
    })
    expect(await client.request('files.read', { path: 'empty' })).toMatchObject({ kind: 'text', content: '' })
    expect(await client.request('files.read', { path: 'image.png' })).toMatchObject({ kind: 'binary', size: 4 })
    expect(await client.request('files.read', { path: 'nul.txt' })).toMatchObject({ kind: 'binary' })
    expect(await client.request('files.read', { path: 'big.txt' })).toMatchObject({
      kind: 'too_large',
      size: MAX_EDITOR_FILE_BYTES + 1,
    })
  })

  test('a file that changes whenever it is read is refused after some reads, with its path', async () => {
    await writeFile(at('log'), 'x')
    const workspace = openWorkspace(fixture.workspace)
    const open = workspace.openFileSync.bind(workspace)
    vi.spyOn(workspace, 'openFileSync').mockImplementation((path) => {
      const file = open(path)
      return {
        get fd() {
          appendFileSync(at('log'), 'x')
          return file.fd
        },
        [Symbol.dispose]: () => file[Symbol.dispose](),
      }
    })
    await expect(readForEditor(workspace, 'log')).rejects.toMatchObject({ code: 'unavailable', path: 'log' })
    expect((await text('log')).length).toBeLessThan(20)
  })

  test('a folder, nothing, and a pipe are refused with their path, and a pipe blocks nobody', async () => {
    await mkdir(at('folder'))
    const terminal = await client.shell()
    terminal.type('mkfifo pipe; echo do""ne\n')
    await terminal.shows('done')
    expect(await refusal(client.request('files.read', { path: 'folder' }))).toEqual({
      code: 'bad_request',
      path: 'folder',
    })
    expect(await refusal(client.request('files.read', { path: 'a/b' }))).toEqual({ code: 'not_found', path: 'a/b' })
    expect(await refusal(client.request('files.read', { path: 'pipe' }))).toEqual({
      code: 'not_supported',
      path: 'pipe',
    })
  })
})

describe('writing', () => {
  test('a new file needs no etag but must not exist; folders on the way are made', async () => {
    const written = await client.request('files.write', { path: 'a/b/c.txt', content: 'one', ifMatch: null })
    expect(await text('a/b/c.txt')).toBe('one')
    const read = await client.request('files.read', { path: 'a/b/c.txt' })
    expect(read).toMatchObject({ kind: 'text', etag: written.etag, mtime: written.mtime, size: 3 })
    expect(await readdir(at('a/b'))).toEqual(['c.txt'])
  })

  test('D10: creating an existing path is a conflict and keeps its content', async () => {
    await writeFile(at('kept.txt'), 'kept')
    await mkdir(at('folder'))
    expect(await refusal(client.request('files.write', { path: 'kept.txt', content: 'x', ifMatch: null }))).toEqual({
      code: 'conflict',
      path: 'kept.txt',
    })
    expect(await refusal(client.request('files.mkdir', { path: 'kept.txt' }))).toEqual({
      code: 'conflict',
      path: 'kept.txt',
    })
    expect(await refusal(client.request('files.mkdir', { path: 'folder' }))).toEqual({
      code: 'conflict',
      path: 'folder',
    })
    expect(await refusal(client.request('files.write', { path: 'folder', content: 'x', ifMatch: null }))).toEqual({
      code: 'conflict',
      path: 'folder',
    })
    expect(await text('kept.txt')).toBe('kept')
  })

  test('D11: a save against a changed or deleted file is a conflict, and its content stays', async () => {
    const first = await client.request('files.write', { path: 'f', content: 'one', ifMatch: null })
    await writeFile(at('f'), 'two')
    expect(await refusal(client.request('files.write', { path: 'f', content: 'mine', ifMatch: first.etag }))).toEqual({
      code: 'conflict',
      path: 'f',
    })
    expect(await text('f')).toBe('two')
    expect(
      await refusal(client.request('files.write', { path: 'gone', content: 'mine', ifMatch: first.etag })),
    ).toEqual({ code: 'conflict', path: 'gone' })
    expect(await readdir(fixture.workspace)).toEqual(['f'])
  })

  test('D11: 1000 quick saves of same-sized content end with the last one, each etag another', async () => {
    let { etag } = await client.request('files.write', { path: 'f', content: '0000', ifMatch: null })
    const etags = new Set([etag])
    for (let i = 1; i <= 1000; i++) {
      const written = await client.request('files.write', {
        path: 'f',
        content: String(i).padStart(4, '0'),
        ifMatch: etag,
      })
      etag = written.etag
      etags.add(etag)
    }
    expect(await text('f')).toBe('1000')
    expect(etags.size).toBe(1001)
  })

  test('a save bears the time of the clock, also after the machine slept or the clock was set back', async () => {
    const workspace = openWorkspace(fixture.workspace)
    const real = Date.now()
    onTestFinished(() => void vi.useRealTimers())
    for (const hours of [0, 3, -2, 1]) {
      const now = real + hours * 3_600_000
      vi.useFakeTimers({ now, toFake: ['Date'] })
      const { mtime } = await writeText(workspace, { path: 'f', content: String(hours), ifMatch: 'any' })
      expect(Math.abs(mtime - now)).toBeLessThan(10)
      expect((await stat(at('f'))).mtimeMs).toBeCloseTo(mtime, 2)
    }
  })

  test('saves in the same millisecond of the clock are stamped one after the other', async () => {
    const workspace = openWorkspace(fixture.workspace)
    onTestFinished(() => void vi.useRealTimers())
    vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] })
    const times: number[] = []
    for (let n = 0; n < 50; n++) {
      times.push((await writeText(workspace, { path: 'f', content: String(n), ifMatch: 'any' })).mtime)
    }
    expect(times).toEqual([...new Set(times)].sort((a, b) => a - b))
  })

  test('below what was a folder and is a file now: there is no such place', async () => {
    await mkdir(at('a'))
    await writeFile(at('a/b'), 'x')
    const read = await client.request('files.read', { path: 'a/b' })
    await rm(at('a'), { recursive: true })
    await writeFile(at('a'), 'a file')
    const ifMatch = read.kind === 'text' ? read.etag : null
    expect(await refusal(client.request('files.write', { path: 'a/b', content: 'y', ifMatch }))).toEqual({
      code: 'not_found',
      path: 'a/b',
    })
  })

  test('of 20 saves against one etag at a time, exactly one wins', async () => {
    const { etag } = await client.request('files.write', { path: 'f', content: 'base', ifMatch: null })
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, async (_, i) =>
        client.request('files.write', { path: 'f', content: `${i}`, ifMatch: etag }).then(
          () => i,
          () => undefined,
        ),
      ),
    )
    const winners = outcomes.filter((i) => i !== undefined)
    expect(winners).toHaveLength(1)
    expect(await text('f')).toBe(`${winners[0]}`)
  })

  test('the mode is kept, and a link inside the workspace is written through', async () => {
    await writeFile(at('script'), 'old')
    await chmod(at('script'), 0o751)
    await symlink('script', at('link'))
    const read = await client.request('files.read', { path: 'link' })
    await client.request('files.write', { path: 'link', content: 'new', ifMatch: read.etag })
    expect(await text('script')).toBe('new')
    expect((await stat(at('script'))).mode & 0o777).toBe(0o751)
    expect(await readlink(at('link'))).toBe('script')
  })

  test('what was acknowledged outlives a kill -9 of who wrote it, and nothing half written stays in its place', async () => {
    const writer = spawn(process.execPath, ['--input-type=module', '-e', WRITER, fixture.workspace], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let acknowledged = -1
    for await (const line of createInterface({ input: writer.stdout })) {
      acknowledged = Number(line)
      if (acknowledged === 200) writer.kill('SIGKILL')
    }
    expect(acknowledged).toBeGreaterThanOrEqual(200)
    const content = await text('f')
    expect(Number(content.slice(0, 8))).toBeGreaterThanOrEqual(acknowledged)
    expect(content.length).toBe(8 + 100_000)
  })
})

describe('moving, copying, deleting', () => {
  test('D10: nothing is replaced by a move or a copy, also not by one onto itself', async () => {
    await writeFile(at('a'), 'A')
    await writeFile(at('b'), 'B')
    await mkdir(at('empty'))
    await symlink('nowhere', at('dangling'))
    for (const type of ['files.move', 'files.copy'] as const) {
      for (const to of ['b', 'a', 'empty', 'dangling']) {
        expect(await refusal(client.request(type, { from: 'a', to }))).toMatchObject({ code: 'conflict' })
      }
      expect(await refusal(client.request(type, { from: 'missing', to: 'c' }))).toEqual({
        code: 'not_found',
        path: 'missing',
      })
    }
    expect([await text('a'), await text('b')]).toEqual(['A', 'B'])
    expect((await readdir(fixture.workspace)).sort()).toEqual(['a', 'b', 'dangling', 'empty'])
  })

  test('D10: a folder goes neither into itself nor is it copied there', async () => {
    await mkdir(at('f/inner'), { recursive: true })
    for (const type of ['files.move', 'files.copy'] as const) {
      expect(await refusal(client.request(type, { from: 'f', to: 'f/inner/f' }))).toMatchObject({ code: 'conflict' })
      expect(await refusal(client.request(type, { from: 'f', to: 'f/new/f' }))).toMatchObject({ code: 'conflict' })
    }
    expect(await readdir(at('f'))).toEqual(['inner'])
  })

  test('L16: copies name both ends; links, modes and times are kept, and clients share no clipboard', async () => {
    await mkdir(at('f/deep'), { recursive: true })
    await writeFile(at('f/deep/run'), 'x')
    await chmod(at('f/deep/run'), 0o755)
    await symlink('../../outside', at('f/deep/link'))
    await client.request('files.copy', { from: 'f', to: 'new/g' })
    expect(await readlink(at('new/g/deep/link'))).toBe('../../outside')
    expect((await stat(at('new/g/deep/run'))).mode & 0o777).toBe(0o755)
    expect((await stat(at('new/g/deep/run'))).mtimeMs).toBeCloseTo((await stat(at('f/deep/run'))).mtimeMs, 0)
    await client.request('files.move', { from: 'new/g', to: 'h' })
    expect((await readdir(fixture.workspace)).sort()).toEqual(['f', 'h', 'new'])
  })

  test('what is deleted can be restored once, unless something took its place', async () => {
    await mkdir(at('f/deep'), { recursive: true })
    await writeFile(at('f/deep/file'), 'content')
    const { deletion } = await client.request('files.delete', { path: 'f/deep' })
    expect(await readdir(at('f'))).toEqual([])
    await writeFile(at('f/deep'), 'in the way')
    expect(await refusal(client.request('files.restore', { deletion }))).toMatchObject({ code: 'conflict' })
    await client.request('files.delete', { path: 'f/deep' })
    expect(await client.request('files.restore', { deletion })).toEqual({ path: 'f/deep' })
    expect(await text('f/deep/file')).toBe('content')
    expect(await refusal(client.request('files.restore', { deletion }))).toMatchObject({ code: 'gone' })
    expect(await refusal(client.request('files.delete', { path: '' }))).toMatchObject({ code: 'bad_request' })
  })

  test('the trash is listed, deleted last first, and emptied of one or of all for good', async () => {
    expect(await client.request('trash.list', {})).toEqual({ deleted: [], total: 0, bytes: 0 })
    const deletions: string[] = []
    for (const name of ['one', 'two', 'three']) {
      await mkdir(at('f'), { recursive: true })
      await writeFile(at(`f/${name}`), 'x'.repeat(10_000))
      deletions.push((await client.request('files.delete', { path: `f/${name}` })).deletion)
    }
    const [one = '', two = '', three = ''] = deletions
    const listed = await client.request('trash.list', {})
    expect(listed.deleted.map(({ path, deletion }) => [path, deletion])).toEqual([
      ['f/three', three],
      ['f/two', two],
      ['f/one', one],
    ])
    expect(listed.total).toBe(3)
    expect(listed.bytes).toBeGreaterThan(30_000)
    expect(Math.abs((listed.deleted[0]?.at ?? 0) - Date.now())).toBeLessThan(60_000)
    await client.request('trash.empty', { deletions: [two] })
    expect(await refusal(client.request('files.restore', { deletion: two }))).toMatchObject({ code: 'gone' })
    await client.request('files.restore', { deletion: one })
    expect(await text('f/one')).toHaveLength(10_000)
    await client.request('trash.empty', {})
    expect((await client.request('trash.list', {})).total).toBe(0)
    expect(await refusal(client.request('files.restore', { deletion: three }))).toMatchObject({ code: 'gone' })
    expect(await refusal(client.request('trash.empty', { deletions: ['../x'] }))).toMatchObject({ code: 'bad_request' })
    expect(await text('f/one')).toHaveLength(10_000)
  })
})

describe('confinement', () => {
  test('S8: dots, absolute paths, empty parts and NUL are refused by every request', async () => {
    const paths = ['../x', 'a/../../x', '/etc/passwd', 'a//b', './a', 'a/', 'a\0b', '..']
    for (const path of paths) {
      const requests = [
        client.request('files.read', { path }),
        client.request('files.list', { path }),
        client.request('files.stat', { path }),
        client.request('files.write', { path, content: 'x', ifMatch: null }),
        client.request('files.mkdir', { path }),
        client.request('files.delete', { path }),
        client.request('files.move', { from: path, to: 'y' }),
        client.request('files.copy', { from: 'y', to: path }),
        client.request('terminal.create', { cols: 80, rows: 24, cwd: path }),
      ]
      const codes = await Promise.all(requests.map(async (request) => (await refusal(request)).code))
      expect(new Set(codes)).toEqual(new Set(['bad_request']))
    }
  })

  test('S8: links that lead out are shown, and neither read nor written through', async () => {
    await writeFile(join(fixture.home, 'secret'), 'secret')
    await symlink(join(fixture.home, 'secret'), at('file-link'))
    await symlink(fixture.home, at('folder-link'))
    await symlink('/', at('root-link'))
    await writeFile(at('inside'), 'x')
    const requests = [
      client.request('files.read', { path: 'file-link' }),
      client.request('files.write', { path: 'file-link', content: 'x', ifMatch: null }),
      client.request('files.read', { path: 'folder-link/secret' }),
      client.request('files.list', { path: 'folder-link' }),
      client.request('files.stat', { path: 'root-link/etc/passwd' }),
      client.request('files.write', { path: 'folder-link/new', content: 'x', ifMatch: null }),
      client.request('files.write', { path: 'folder-link/new/deeper', content: 'x', ifMatch: null }),
      client.request('files.mkdir', { path: 'folder-link/new' }),
      client.request('files.move', { from: 'inside', to: 'folder-link/moved' }),
      client.request('files.copy', { from: 'folder-link/secret', to: 'stolen' }),
      client.request('files.delete', { path: 'folder-link/secret' }),
      client.request('terminal.create', { cols: 80, rows: 24, cwd: 'folder-link' }),
    ]
    const codes = await Promise.all(requests.map(async (request) => (await refusal(request)).code))
    expect(new Set(codes)).toEqual(new Set(['forbidden']))
    expect(await readFile(join(fixture.home, 'secret'), 'utf8')).toBe('secret')
    expect(await readdir(fixture.home)).not.toContain('new')
    const { entries } = await client.request('files.list', { path: '' })
    const link = entries.find(({ name }) => name === 'file-link')
    expect(link).toMatchObject({ type: 'symlink', target: join(fixture.home, 'secret'), targetType: 'outside' })
    await client.request('files.delete', { path: 'folder-link' })
    expect(await readFile(join(fixture.home, 'secret'), 'utf8')).toBe('secret')
  })

  test('S8: a copied folder does not bring what its links lead to', async () => {
    await writeFile(join(fixture.home, 'secret'), 'secret')
    await mkdir(at('f'))
    await symlink(join(fixture.home, 'secret'), at('f/link'))
    await client.request('files.copy', { from: 'f', to: 'g' })
    expect((await lstat(at('g/link'))).isSymbolicLink()).toBe(true)
  })
})

describe('listing', () => {
  test('folders come first, in pages that go on where the last one ended', async () => {
    await Promise.all(Array.from({ length: 700 }, async (_, i) => writeFile(at(`file ${i}`), '')))
    await Promise.all(['zoo', 'Alpha', 'beta'].map(async (name) => mkdir(at(name))))
    const first = await client.request('files.list', { path: '' })
    expect(first.entries).toHaveLength(500)
    expect(first.entries.slice(0, 5).map(({ name }) => name)).toEqual(['Alpha', 'beta', 'zoo', 'file 0', 'file 1'])
    const { cursor } = first
    if (cursor === undefined) throw new Error('no second page')
    await writeFile(at('file 0a'), '')
    const second = await client.request('files.list', { path: '', cursor })
    expect(second.cursor).toBeUndefined()
    const names = [...first.entries, ...second.entries].map(({ name }) => name)
    expect(new Set(names).size).toBe(703)
    expect(await refusal(client.request('files.list', { path: '', cursor: 'bm9uc2Vuc2U' }))).toMatchObject({
      code: 'bad_request',
    })
  })

  test('names that are not UTF-8 are shown with replacement characters and break nothing', async () => {
    await writeFile(Buffer.concat([Buffer.from(`${fixture.workspace}/bad-`), Buffer.from([0xff, 0xfe])]), 'x')
    await writeFile(at('good'), 'x')
    const { entries } = await client.request('files.list', { path: '' })
    expect(entries.map(({ name, type }) => [name, type])).toEqual([
      ['bad-\ufffd\ufffd', 'other'],
      ['good', 'file'],
    ])
  })

  test('what git ignores is marked, and left out of the index for quick open', async () => {
    const terminal = await client.shell()
    await mkdir(at('src'))
    await writeFile(at('.gitignore'), 'ignored*\n')
    await writeFile(at('ignored.log'), '')
    await writeFile(at('src/main.ts'), '')
    terminal.type('git init -q . ; echo do""ne\n')
    await terminal.shows('done')
    const { entries } = await client.request('files.list', { path: '' })
    expect(entries.filter(({ ignored }) => ignored).map(({ name }) => name)).toEqual(['ignored.log'])
    expect((await client.request('files.index', {})).paths.sort()).toEqual(['.gitignore', 'src/main.ts'])
  })

  test('without git the index is every file but those of dependencies', async () => {
    await mkdir(at('node_modules/x'), { recursive: true })
    await writeFile(at('node_modules/x/index.js'), '')
    await mkdir(at('src/deep'), { recursive: true })
    await writeFile(at('src/deep/a.ts'), '')
    expect(await client.request('files.index', {})).toEqual({ paths: ['src/deep/a.ts'], truncated: false })
  })
})

describe('watching', () => {
  test('changes by programs and by other clients are told to everybody, temporary names are not', async () => {
    using other = await fixture.connect('viewer')
    const terminal = await client.shell()
    await client.request('files.write', { path: 'mine.txt', content: 'x', ifMatch: null })
    terminal.type('mkdir -p deep/er; echo 1 > deep/er/made\n')
    await other.event('files.changed', ({ changes }) =>
      changes.some(({ path, kind }) => path === 'mine.txt' && kind === 'created'),
    )
    await other.event('files.changed', ({ changes }) =>
      changes.some(({ path }) => path === 'deep/er/made' || path === 'deep'),
    )
    await client.request('files.delete', { path: 'mine.txt' })
    await other.event('files.changed', ({ changes }) =>
      changes.some(({ path, kind }) => path === 'mine.txt' && kind === 'deleted'),
    )
    expect(JSON.stringify(other.events)).not.toContain('.devex-')
  })

  test('more changes than one event may list are announced as overflow', async () => {
    const terminal = await client.shell()
    // By one process: a loop in a shell that gets little of the machine is slower than the changes are gathered.
    terminal.type('touch many-{1..2000}\n')
    const event = await client.event('files.changed', ({ overflow }) => overflow)
    expect(event).toEqual({ changes: [], overflow: true })
  })
})
