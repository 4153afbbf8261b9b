import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startFixture } from '../_fixture.ts'
import type { Fixture } from '../_fixture.ts'

let fixture: Fixture
beforeAll(async () => {
  fixture = await startFixture()
})
afterAll(async () => fixture[Symbol.asyncDispose]())

const at = (path: string) => join(fixture.workspace, path)

async function call(method: string, path: string, headers: Record<string, string> = {}, body?: string | Uint8Array) {
  const authorization = `Bearer ${await fixture.token()}`
  return fixture.http(method, path, { headers: { authorization, ...headers }, ...(body !== undefined && { body }) })
}

describe('files over HTTP', () => {
  test('a file is streamed whole, in part, by condition, and never as something that runs', async () => {
    const content = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251))
    await writeFile(at('data ü.html'), content)
    const path = '/files/data%20%C3%BC.html'
    const whole = await call('GET', path)
    expect([whole.status, whole.body.equals(content)]).toEqual([200, true])
    expect(whole.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': "attachment; filename*=UTF-8''data%20%C3%BC.html",
      'x-content-type-options': 'nosniff',
      'content-security-policy': "sandbox; default-src 'none'",
    })
    const etag = whole.headers.etag ?? ''
    const part = await call('GET', path, { range: 'bytes=1000-1999' })
    expect([part.status, part.headers['content-range'], part.body.equals(content.subarray(1000, 2000))]).toEqual([
      206,
      'bytes 1000-1999/300000',
      true,
    ])
    expect((await call('GET', path, { range: 'bytes=300000-' })).status).toBe(416)
    expect((await call('GET', path, { range: 'bytes=0-9', 'if-range': '"other"' })).body.length).toBe(300_000)
    expect((await call('GET', path, { 'if-none-match': etag })).status).toBe(304)
    expect((await call('GET', path, { 'if-match': '"other"' })).status).toBe(412)
    const head = await call('HEAD', path)
    expect([head.status, head.headers['content-length'], head.body.length]).toEqual([200, '300000', 0])
    await writeFile(at('empty'), '')
    expect((await call('GET', '/files/empty')).body.length).toBe(0)
  })

  test('an upload is atomic and conditional, and makes the folders it needs', async () => {
    const content = Buffer.alloc(3_000_000, 7)
    const made = await call('PUT', '/files/up/load.bin', { 'if-none-match': '*' }, content)
    expect(made.status).toBe(201)
    expect((await readFile(at('up/load.bin'))).equals(content)).toBe(true)
    expect((await call('PUT', '/files/up/load.bin', { 'if-none-match': '*' }, 'x')).status).toBe(412)
    expect((await call('PUT', '/files/up/load.bin', { 'if-match': '"other"' }, 'x')).status).toBe(412)
    expect((await call('PUT', '/files/up/load.bin', { 'if-match': made.headers.etag ?? '' }, 'new')).status).toBe(200)
    expect((await call('PUT', '/files/up/load.bin', {}, 'newer')).status).toBe(200)
    expect(await readFile(at('up/load.bin'), 'utf8')).toBe('newer')
    expect((await call('PUT', '/files/up', {}, 'x')).status).toBe(400)
    expect((await call('DELETE', '/files/up')).status).toBe(405)
  })

  test('If-None-Match: * never replaces: of several uploads at once one makes the file, a name that is taken is 412', async () => {
    await mkdir(at('once/folder'), { recursive: true })
    const names = Array.from({ length: 8 }, (_, index) => `upload ${index}`)
    const put = (path: string, body: string) => call('PUT', path, { 'if-none-match': '*' }, body)
    const answers = await Promise.all(names.map((body) => put('/files/once/same', body)))
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      201,
      ...names.slice(1).map(() => 412),
    ])
    expect(await readFile(at('once/same'), 'utf8')).toBe(names[answers.findIndex(({ status }) => status === 201)])
    expect((await put('/files/once/folder', 'x')).status).toBe(412)
    expect((await readdir(at('once'))).toSorted()).toEqual(['folder', 'same'])
  })

  test('If-None-Match: * leaves a file alone that a program made while the upload was under way', async () => {
    await mkdir(at('meanwhile'))
    const headers = {
      authorization: `Bearer ${await fixture.token()}`,
      'if-none-match': '*',
      'content-length': '1000000',
    }
    const upload = request({ socketPath: fixture.socket, method: 'PUT', path: '/files/meanwhile/made', headers })
    const answered = once(upload, 'response')
    upload.write(Buffer.alloc(500_000))
    await expect.poll(async () => (await readdir(at('meanwhile'))).length).toBe(1)
    await writeFile(at('meanwhile/made'), 'by a program')
    upload.end(Buffer.alloc(500_000))
    const [response] = await answered
    response.resume()
    expect(response.statusCode).toBe(412)
    await expect.poll(async () => readdir(at('meanwhile'))).toEqual(['made'])
    expect(await readFile(at('meanwhile/made'), 'utf8')).toBe('by a program')
  })

  test('who is refused in the middle of an upload gets the answer, and is not hung up on', async () => {
    await call('PUT', '/files/there', {}, 'x')
    const half = Buffer.alloc(64 * 1024)
    const upload = request({
      socketPath: fixture.socket,
      method: 'PUT',
      path: '/files/there',
      headers: {
        authorization: `Bearer ${await fixture.token()}`,
        'if-none-match': '*',
        'content-length': 2 * half.length,
      },
    })
    upload.write(half)
    const [response] = await once(upload, 'response')
    expect(response.statusCode).toBe(412)
    expect(response.headers.connection).toBe('keep-alive')
    response.resume()
    upload.end(half)
    await Promise.all([once(response, 'end'), once(upload, 'finish')])
  })

  test('an upload that is broken off changes nothing and leaves nothing behind', async () => {
    await mkdir(at('torn'))
    await writeFile(at('torn/kept'), 'kept')
    const headers = { authorization: `Bearer ${await fixture.token()}`, 'content-length': '1000000' }
    const upload = request({ socketPath: fixture.socket, method: 'PUT', path: '/files/torn/kept', headers })
    upload.on('error', () => {})
    upload.write(Buffer.alloc(500_000))
    await expect.poll(async () => (await readdir(at('torn'))).length).toBe(2)
    upload.destroy()
    await expect.poll(async () => readdir(at('torn'))).toEqual(['kept'])
    expect(await readFile(at('torn/kept'), 'utf8')).toBe('kept')
  })

  test('S8: encoded dots, absolute paths and links that lead out are refused', async () => {
    await writeFile(join(fixture.home, 'secret'), 'secret')
    await symlink(join(fixture.home, 'secret'), at('way-out'))
    await symlink(fixture.home, at('folder-out'))
    const paths = [
      '../home/secret',
      '%2e%2e/home/secret',
      '..%2fhome%2fsecret',
      '%2Fetc%2Fpasswd',
      '/etc/passwd',
      'a/%2e%2e/%2e%2e/x',
      'x%00',
      '%ff',
      '%',
    ]
    for (const path of paths) {
      expect([path, (await call('GET', `/files/${path}`)).status]).toEqual([path, 400])
      expect([path, (await call('PUT', `/files/${path}`, {}, 'x')).status]).toEqual([path, 400])
    }
    for (const path of ['way-out', 'folder-out/secret', 'folder-out']) {
      expect((await call('GET', `/files/${path}`)).status).toBe(403)
      expect((await call('PUT', `/files/${path}`, {}, 'x')).status).toBe(403)
    }
    expect(await readFile(join(fixture.home, 'secret'), 'utf8')).toBe('secret')
    expect((await call('GET', '/files/%252e%252e/x')).status).toBe(404)
  })

  const hasUnzip = ['unzip', 'python3'].every((tool) => spawnSync('which', [tool]).status === 0)
  const why = hasUnzip ? '' : ' (skipped: no unzip or no python3 here)'
  test.skipIf(!hasUnzip)(
    `a folder comes as a zip that unzip accepts: names, modes, links, empty folders${why}`,
    async () => {
      await mkdir(at('project/empty'), { recursive: true })
      await writeFile(at('project/ünïcode 😀.txt'), 'text\n'.repeat(5000))
      await writeFile(at('project/run.sh'), '#!/bin/sh\n', { mode: 0o755 })
      await writeFile(at('project/nothing'), '')
      await symlink('run.sh', at('project/link'))
      await symlink('/etc/passwd', at('project/way-out'))
      const { status, body, headers } = await call('GET', '/files/project')
      expect([status, headers['content-type']]).toEqual([200, 'application/zip'])
      const folder = await mkdtemp('/tmp/devex-zip-')
      try {
        await writeFile(join(folder, 'a.zip'), body)
        execFileSync('python3', ['-c', CHECK_ZIP, join(folder, 'a.zip')])
        execFileSync('unzip', ['-q', 'a.zip', '-d', 'out'], { cwd: folder })
        expect(execFileSync('diff', ['-r', '--no-dereference', join(folder, 'out'), at('project')]).toString()).toBe('')
        expect(execFileSync('stat', ['-c', '%a', join(folder, 'out/run.sh')]).toString()).toBe('755\n')
      } finally {
        await rm(folder, { recursive: true })
      }
    },
  )

  test('a viewer downloads and does not upload', async () => {
    await writeFile(at('seen'), 'seen')
    const headers = { authorization: `Bearer ${await fixture.token('viewer')}` }
    expect((await fixture.http('GET', '/files/seen', { headers })).body.toString()).toBe('seen')
    const refused = await fixture.http('PUT', '/files/seen', { headers, body: 'changed' })
    expect([refused.status, JSON.parse(refused.body.toString())]).toMatchObject([
      403,
      { error: { code: 'forbidden', path: 'seen' } },
    ])
    expect(await readFile(at('seen'), 'utf8')).toBe('seen')
  })
})

const CHECK_ZIP = 'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None'
