import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { collect, startTestRunner } from './_runner.ts'
import type { TestRunner } from './_runner.ts'
import type { FilesApi } from './runner-api.ts'

let runner: TestRunner
let files: FilesApi
let root: string
beforeAll(async () => {
  runner = await startTestRunner()
  files = runner.api.files
  root = runner.fixture.workspace
})
afterAll(async () => runner[Symbol.asyncDispose]())

async function put(path: string, content: string): Promise<void> {
  await mkdir(join(root, path, '..'), { recursive: true })
  await writeFile(join(root, path), content)
}

describe('files', () => {
  test('are written atomically if what lies there is what was read', async () => {
    const made = await files.writeSmall({ path: 'a/new.txt', createOnly: true }, Buffer.from('one'))
    expect(made).toMatchObject({ path: 'a/new.txt', size: 3, created: true })
    await expect(files.writeSmall({ path: 'a/new.txt', createOnly: true }, Buffer.from('x'))).rejects.toMatchObject({
      code: 'conflict',
    })
    expect(made.replaced).toBeUndefined()
    const told = { path: 'a/new.txt', ifEtag: made.etag, tellReplaced: true }
    const changed = await files.writeSmall(told, Buffer.from('two'))
    expect(Buffer.from(changed.replaced ?? []).toString()).toBe('one')
    expect(changed.created).toBe(false)
    await expect(
      files.writeSmall({ path: 'a/new.txt', ifEtag: made.etag }, Buffer.from('three')),
    ).rejects.toMatchObject({ code: 'conflict' })
    const { entry, data } = await files.readSmall({ path: join(root, 'a/new.txt') })
    expect([entry.etag, entry.path, Buffer.from(data).toString()]).toEqual([changed.etag, 'a/new.txt', 'two'])
  })

  test('that are replaced are told whole, large ones too', async () => {
    const large = 'x'.repeat(300_000)
    await files.writeSmall({ path: 'large.txt' }, Buffer.from(large))
    const { replaced } = await files.writeSmall({ path: 'large.txt', tellReplaced: true }, Buffer.from('small'))
    expect(Buffer.from(replaced ?? []).toString()).toBe(large)
    expect(Buffer.from((await files.readSmall({ path: 'large.txt' })).data).toString()).toBe('small')
  })

  test('keep their mode, or are made executable', async () => {
    await put('tool.sh', 'echo hi')
    await chmod(join(root, 'tool.sh'), 0o640)
    await files.writeSmall({ path: 'tool.sh' }, Buffer.from('echo ho'))
    expect((await stat(join(root, 'tool.sh'))).mode & 0o777).toBe(0o640)
    await files.writeSmall({ path: 'tool.sh', executable: true }, Buffer.from('echo ho'))
    expect((await stat(join(root, 'tool.sh'))).mode & 0o111).toBe(0o111)
  })

  test('of 10 MiB are streamed both ways', async () => {
    const bytes = Buffer.alloc(10 * 1024 * 1024, 'abcdefghijk')
    async function* parts() {
      for (let at = 0; at < bytes.length; at += 300_000) yield bytes.subarray(at, at + 300_000)
    }
    const { size } = await files.write({ path: 'large.bin' }, parts())
    expect(size).toBe(bytes.length)
    const pieces = await collect(files.read({ path: 'large.bin' }))
    expect(pieces[0]?.entry?.size).toBe(bytes.length)
    expect(Buffer.concat(pieces.map(({ data }) => data)).equals(bytes)).toBe(true)
    const part = await files.readSmall({ path: 'large.bin', offset: 11, length: 3 })
    expect(Buffer.from(part.data).toString()).toBe('abc')
    await expect(files.readSmall({ path: 'large.bin' })).rejects.toMatchObject({ code: 'too_large' })
  })

  test('outside are read but not written, but for temporary ones, and links lead nowhere', async () => {
    const anywhere = runner.api.filesWithin('anywhere')
    const { data } = await anywhere.readSmall({ path: '/etc/passwd' })
    expect(Buffer.from(data).toString()).toContain('root')
    await expect(files.writeSmall({ path: '/etc/devex' }, Buffer.from('x'))).rejects.toMatchObject({
      code: 'forbidden',
    })
    expect(Buffer.from((await anywhere.readSmall({ path: '/proc/self/status' })).data).toString()).toMatch(/^Name:/)
    await expect(anywhere.readSmall({ path: '/proc/none' })).rejects.toThrow('/proc/none: There is no such file')
    expect(await anywhere.stat('~')).toMatchObject({ path: homedir() })
    await expect(files.writeSmall({ path: '~/x' }, Buffer.from('x'))).rejects.toMatchObject({ code: 'forbidden' })
    await symlink('/etc', join(root, 'etc'))
    await expect(files.writeSmall({ path: 'etc/devex' }, Buffer.from('x'))).rejects.toMatchObject({ code: 'forbidden' })
    const folder = await mkdtemp(join(await realpath(tmpdir()), 'devex-f-'))
    await files.writeSmall({ path: join(folder, 'x') }, Buffer.from('temporary'))
    expect(await readFile(join(folder, 'x'), 'utf8')).toBe('temporary')
    expect(await files.delete({ path: folder, recursive: true })).toEqual({ deletion: '', count: 2 })
    await rm(folder, { recursive: true, force: true })
  })

  test('are moved and deleted, what they replace goes to the trash', async () => {
    await put('from.txt', 'from')
    await put('to.txt', 'to')
    await expect(files.move({ from: 'from.txt', to: 'to.txt' })).rejects.toMatchObject({ code: 'conflict' })
    await files.move({ from: 'from.txt', to: 'to.txt', overwrite: true })
    expect(await readFile(join(root, 'to.txt'), 'utf8')).toBe('from')
    await put('tree/b/c.txt', 'c')
    await expect(files.move({ from: 'to.txt', to: 'tree', overwrite: true })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('tree is a folder with something in it'),
    })
    await expect(files.delete({ path: 'tree' })).rejects.toMatchObject({ code: 'conflict' })
    const { deletion, count } = await files.delete({ path: 'tree', recursive: true })
    expect([deletion.length, count]).toEqual([16, 3])
    await expect(files.delete({ path: 'tree' })).rejects.toMatchObject({ code: 'not_found' })
  })

  test('are not replaced by what lies in them, nor by what they lie in, by whatever name', async () => {
    await put('nest/in/x.txt', 'x')
    await symlink('nest', join(root, 'nest-link'))
    const inner = [
      { from: 'nest/in', to: 'nest' },
      { from: 'nest', to: 'nest/in' },
      { from: 'nest-link/in', to: 'nest' },
      { from: 'nest-link/in', to: 'nest/in' },
    ]
    for (const each of inner)
      await expect(files.move({ ...each, overwrite: true })).rejects.toMatchObject({ code: 'conflict' })
    expect(await readFile(join(root, 'nest/in/x.txt'), 'utf8')).toBe('x')
    const folder = await mkdtemp(join(await realpath(tmpdir()), 'devex-f-'))
    await files.writeSmall({ path: join(folder, 'a/x') }, Buffer.from('temporary'))
    await expect(files.move({ from: join(folder, 'a'), to: folder, overwrite: true })).rejects.toMatchObject({
      code: 'conflict',
    })
    expect(await readFile(join(folder, 'a/x'), 'utf8')).toBe('temporary')
    await rm(folder, { recursive: true, force: true })
  })

  test('lie where they lay if what was to replace them cannot be moved after all', async () => {
    await put('led/to.txt', 'to')
    await symlink('led', join(root, 'leads'))
    // Without the link there is no way to the file any more.
    await expect(files.move({ from: 'leads/to.txt', to: 'leads', overwrite: true })).rejects.toMatchObject({
      code: 'not_found',
    })
    expect(await readFile(join(root, 'leads/to.txt'), 'utf8')).toBe('to')
  })

  test('are listed to a depth, without what git ignores unless asked', async () => {
    await put('list/.gitignore', '*.log\n!keep.log\n/build/\n')
    for (const path of [
      'a.txt',
      'b.log',
      'keep.log',
      'build/x',
      'src/build/y',
      'src/.gitignore',
      'node_modules/m/i.js',
    ])
      await put(`list/${path}`, path.endsWith('.gitignore') ? 'y\n' : path)
    const paths = async (includeIgnored: boolean) =>
      (await files.listDir({ path: 'list', depth: 3, includeIgnored })).entries.map(({ path }) => path)
    expect(await paths(false)).toEqual([
      'list/src',
      'list/src/build',
      'list/src/.gitignore',
      'list/.gitignore',
      'list/a.txt',
      'list/keep.log',
    ])
    expect(await paths(true)).toContain('list/node_modules/m/i.js')
    const { entries, truncated } = await files.listDir({ path: 'list', limit: 2, details: true })
    expect([entries.length, truncated]).toEqual([2, true])
    expect(entries[1]?.size).toBeGreaterThan(0)
  })

  test('are found by glob, the newest first, and by content', async () => {
    await put('find/one.ts', 'const a = 1\nneedle here\nafter\n')
    await put('find/deep/two.ts', 'Needle\n')
    await put('find/deep/three.js', 'needle\n')
    await put('find/binary.ts', 'needle\0')
    const found = await files.glob({ pattern: '**/*.{ts,tsx}', path: 'find' })
    expect(found.entries.map(({ path }) => path).sort()).toEqual(['find/binary.ts', 'find/deep/two.ts', 'find/one.ts'])
    const { lines, matches } = await files.grep({ pattern: 'needle', path: 'find', glob: '*.ts', context: 1 })
    expect(matches).toBe(1)
    expect(lines.map(({ path, line, isContext }) => [path, line, isContext])).toEqual([
      ['find/one.ts', 1, true],
      ['find/one.ts', 2, false],
      ['find/one.ts', 3, true],
    ])
    const { counts } = await files.grep({ pattern: 'NEEDLE', path: 'find', mode: 'count', ignoreCase: true })
    expect(counts.map(({ path }) => path)).toEqual(['find/deep/three.js', 'find/deep/two.ts', 'find/one.ts'])
    const single = await files.grep({ pattern: 'here\\nafter', path: 'find/one.ts', multiline: true })
    expect(single.lines.map(({ path, line }) => `${path}:${line}`)).toEqual(['find/one.ts:2', 'find/one.ts:3'])
    await expect(files.grep({ pattern: '(' })).rejects.toMatchObject({ code: 'bad_request' })
  })

  test('that git ignores are the same as git says', async () => {
    const folder = join(root, 'repo')
    const paths = [
      'a/b/c.o',
      'a/c.txt',
      'doc/x.html',
      'doc/y/z.html',
      'tmp',
      'x/tmp/k',
      'q[1].txt',
      'w/foo/bar',
      '#h',
      'z.o',
    ]
    for (const path of paths) await put(`repo/${path}`, path)
    await put('repo/.gitignore', '*.o\n!/z.o\ndoc/**/*.html\n/tmp\n**/foo/\n\\#h\nq\\[1\\].txt\n')
    execFileSync('git', ['init', '-q'], { cwd: folder })
    const git = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: folder })
      .toString()
      .trim()
      .split('\n')
    const { entries } = await files.glob({ pattern: '**', path: 'repo' })
    expect(entries.map(({ path }) => path.slice('repo/'.length)).sort()).toEqual(git.sort())
  })

  test('that change are told, until nobody listens', async () => {
    const abort = new AbortController()
    const heard: string[] = []
    const listening = (async () => {
      for await (const { changes } of files.watch({ signal: abort.signal }))
        heard.push(...changes.map(({ path }) => path))
    })()
    await expect
      .poll(
        async () => {
          await put('watched.txt', String(Math.random()))
          return heard
        },
        { timeout: 10_000 },
      )
      .toContain('watched.txt')
    abort.abort()
    await expect(listening).rejects.toThrow('aborted')
  })
})

describe('ports and terminals', () => {
  test('are listed, and told as they come', async () => {
    const { api } = runner
    const abort = new AbortController()
    const seen = (async () => {
      for await (const ports of api.ports.watch({ signal: abort.signal })) {
        const found = ports.find(({ command }) => command?.includes('createServer') === true)
        if (found !== undefined) return found.port
      }
    })()
    const started = api.processes.start({ command: `exec ${process.execPath} -e 'require("net").createServer().listen(0)'`, actor: 'Codex' }, { signal: abort.signal }) // prettier-ignore
    const listening = collect(started).catch(() => [])
    expect(await seen).toBeGreaterThan(0)
    const [terminal] = (await api.terminals.list()).filter(({ createdBy }) => createdBy === 'Codex')
    expect(terminal?.kind).toBe('agent')
    expect((await api.ports.list()).map(({ processId }) => processId)).toContain(terminal?.terminalId)
    await api.processes.cancel(terminal?.terminalId ?? '')
    abort.abort()
    await listening
  })

  test('a terminal of a person can be read and typed into', async () => {
    using client = await runner.fixture.connect()
    const shell = await client.shell()
    await runner.api.terminals.input({ id: shell.id, input: Buffer.from('echo he""llo\n') })
    await shell.shows('hello')
    const { output, terminal } = await runner.api.terminals.read({ id: shell.id, tailBytes: 1000 })
    expect(Buffer.from(output.data).toString()).toContain('hello')
    expect(terminal.kind).toBe('shell')
    expect((await runner.api.terminals.screen(shell.id)).data.length).toBeGreaterThan(0)
    expect((await runner.api.processes.list()).some(({ processId }) => processId === shell.id)).toBe(true)
  })
})
