import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createRawServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { join, normalize } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cloneSourceSchema } from '#protocol/adoption.ts'
import { startFixture } from '../_fixture.ts'
import { cloneRepository } from './clone.ts'
import { createProgressParser } from './progress.ts'

let folder: string
let url: string
let server: Server

beforeAll(async () => {
  folder = await mkdtemp('/tmp/devex-git-')
  const work = join(folder, 'work')
  await mkdir(work)
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@example', ...args], { cwd: work })
  git('init', '-q', '-b', 'main')
  await writeFile(join(work, 'package.json'), '{"scripts": {"start": "node ."}}')
  await mkdir(join(work, 'src'))
  await writeFile(join(work, 'src/big.txt'), 'line\n'.repeat(100_000))
  git('add', '.')
  git('commit', '-qm', 'one')
  git('checkout', '-qb', 'feature/x')
  await writeFile(join(work, 'only-here'), '')
  git('add', '.')
  git('commit', '-qm', 'two')
  git('checkout', '-q', 'main')
  execFileSync('git', ['clone', '-q', '--bare', work, join(folder, 'public.git')])
  execFileSync('git', ['update-server-info'], { cwd: join(folder, 'public.git') })
  server = createServer((request, response) => void serveDumb(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${portOf(server)}`
})
afterAll(async () => {
  server.close()
  await rm(folder, { recursive: true })
})

describe('cloning', () => {
  test('a public repository lies in the workspace, with progress on the way and the names at its top', async () => {
    await using fixture = await startFixture({ open: false })
    const lines = await fixture.open({ clone: { url: `${url}/public.git` } })
    expect(lines[0]).toEqual({ phase: 'cloning', message: `Cloning from 127.0.0.1:${portOf(server)}` })
    expect(lines.at(-1)).toEqual({ phase: 'done', names: ['.git', 'package.json', 'src'] })
    expect((await readFile(join(fixture.workspace, 'src/big.txt'))).length).toBe(500_000)
    using client = await fixture.connect()
    expect((await client.request('run.get', {})).command).toContain('npm run start')
  })

  test('one that was broken off is not taken for a clone, but begun anew; a whole one is left alone', async () => {
    await using fixture = await startFixture({ open: false })
    await mkdir(join(fixture.workspace, '.git'))
    await writeFile(join(fixture.workspace, 'half'), '')
    await writeFile(join(fixture.home, '.devex-cloning'), '')
    const lines = await fixture.open({ clone: { url: `${url}/public.git` } })
    expect(lines.at(-1)).toEqual({ phase: 'done', names: ['.git', 'package.json', 'src'] })
    expect(await readdir(fixture.home)).not.toContain('.devex-cloning')
    await using again = await startFixture({ open: false })
    await mkdir(join(again.workspace, '.git'))
    expect(await again.open({ clone: { url: `${url}/missing.git` } })).toEqual([{ phase: 'done', names: ['.git'] }])
  })

  test('a branch can be chosen', async () => {
    await using fixture = await startFixture({ open: false })
    await fixture.open({ clone: { url: `${url}/public.git`, branch: 'feature/x' } })
    expect(await readdir(fixture.workspace)).toContain('only-here')
  })

  test('a failed clone says why, leaves the workspace empty, and can be tried again', async () => {
    const deaf = createRawServer(() => {})
    await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve))
    const closed = portOf(deaf)
    deaf.close()
    await using fixture = await startFixture({ open: false })
    const cases = [
      [{ url: `${url}/missing.git` }, 'not_found', /no public repository/],
      [{ url: `${url}/private.git` }, 'not_found', /private/],
      [{ url: `${url}/public.git`, branch: 'nope' }, 'not_found', /no branch "nope"/],
      [{ url: 'http://no-such-host.invalid/x.git' }, 'not_found', /no host "no-such-host.invalid"/],
      [{ url: `http://127.0.0.1:${closed}/x.git` }, 'unavailable', /cannot be reached/],
    ] as const
    for (const [clone, code, message] of cases) {
      const last = (await fixture.open({ clone })).at(-1)
      if (last?.phase !== 'failed') throw new Error(`did not fail: ${clone.url}`)
      expect([clone.url, last.error.code]).toEqual([clone.url, code])
      expect(last.error.message).toMatch(message)
      expect(last.error.advice).toMatch(/./)
      expect(await readdir(fixture.workspace)).toEqual([])
    }
    expect((await fixture.open({ clone: { url: `${url}/public.git` } })).at(-1)?.phase).toBe('done')
  })

  test('a server that never answers is given up, with everything that git started', async () => {
    const mute = createRawServer(() => {})
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
    const target = await mkdtemp('/tmp/devex-clone-')
    const source = { url: `http://127.0.0.1:${portOf(mute)}/x.git` }
    const options = {
      source,
      folder: target,
      home: folder,
      path: '/usr/bin:/bin',
      onProgress: () => {},
      timeoutMs: 300,
    }
    await expect(cloneRepository(options)).rejects.toThrow('took too long')
    expect(await readdir(target)).toEqual([])
    mute.close()
    await rm(target, { recursive: true })
  })

  test('files that are there already are not cloned over', async () => {
    await using fixture = await startFixture({ open: false })
    await writeFile(join(fixture.workspace, 'kept'), 'kept')
    const last = (await fixture.open({ clone: { url: `${url}/public.git` } })).at(-1)
    expect(last).toMatchObject({ phase: 'failed', error: { code: 'conflict' } })
    expect(await readdir(fixture.workspace)).toEqual(['kept'])
  })

  test('S3: neither address nor branch can be an option or a command', () => {
    const bad = [
      { url: '--upload-pack=touch /tmp/x' },
      { url: 'ext::sh -c id' },
      { url: 'file:///etc' },
      { url: 'ssh://x/y' },
      { url: `${url}/x`, branch: '--config=core.fsmonitor=id' },
      { url: `${url}/x`, branch: 'a;id' },
    ]
    for (const source of bad) expect(cloneSourceSchema.safeParse(source).success).toBe(false)
  })

  test('progress is told once for each step and percent, however it is cut into pieces', () => {
    const seen: unknown[] = []
    const parse = createProgressParser((progress) => seen.push(progress))
    const text =
      'Cloning into x...\nremote: Counting objects:  50% (1/2)\rremote: Counting objects:  50% (1/2)\rReceiving objects: 100% (9/9), 1 KiB | 1 KiB/s, done.\n'
    for (const character of text) parse(character)
    expect(seen).toEqual([
      { message: 'Counting objects', percent: 50 },
      { message: 'Receiving objects', percent: 100 },
    ])
  })
})

/** Git's "dumb" protocol is plain files; `private.git` asks for a password, as hosts do. */
async function serveDumb(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = normalize(new URL(request.url ?? '', 'http://x').pathname)
  if (path.startsWith('/private.git'))
    return void response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
  const content = await readFile(join(folder, path)).catch(() => undefined)
  if (content === undefined) response.writeHead(404).end()
  else response.end(content)
}

function portOf(listening: Server): number {
  const address: AddressInfo | string | null = listening.address()
  if (address === null || typeof address === 'string') throw new Error('not listening')
  return address.port
}
