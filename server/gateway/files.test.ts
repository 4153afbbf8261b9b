import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { newId } from '#protocol/ids.ts'
import { ask, open } from '#server/gateway/_client.ts'
import { makeFileTicket } from '#server/gateway/file-ticket.ts'
import { startPlatform } from '#server/gateway/_platform.ts'
import type { Platform } from '#server/gateway/_platform.ts'

describe('files of a repl over HTTP', () => {
  let platform: Platform
  beforeEach(async () => {
    platform = await startPlatform()
  })
  afterEach(() => platform[Symbol.asyncDispose]())

  const url = (path: string) => `/r/${platform.replId}/files/${path}`
  const get = (path: string, headers: Record<string, string>, method = 'GET') =>
    ask({ port: platform.port, path, headers, method })

  test('a viewer downloads a file that can never run on the application’s origin', async () => {
    platform.runner.files.set('src/ü ’x.html', Buffer.from('<script>alert(1)</script>'))
    const { cookie } = platform.person('viewer')
    const answer = await get(url('src/%C3%BC%20%E2%80%99x.html'), { Cookie: cookie })
    expect(answer).toMatchObject({ status: 200, body: '<script>alert(1)</script>' })
    expect(answer.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': "attachment; filename*=UTF-8''%C3%BC%20%E2%80%99x.html",
      'content-security-policy': "sandbox; default-src 'none'",
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
      etag: '"one"',
    })
    expect(answer.headers['set-cookie']).toBeUndefined()
    expect(platform.runner.seen[0]?.headers.cookie).toBeUndefined()
    expect(platform.runner.seen[0]?.claims.role).toBe('viewer')
  })

  test('HEAD and ranges pass', async () => {
    platform.runner.files.set('a', Buffer.from('0123456789'))
    const { cookie } = platform.person('viewer')
    expect(await get(url('a'), { Cookie: cookie }, 'HEAD')).toMatchObject({ status: 200, body: '' })
    const part = await get(url('a'), { Cookie: cookie, Range: 'bytes=2-4' })
    expect(part).toMatchObject({ status: 206, body: '234' })
    expect(part.headers['content-range']).toBe('bytes 2-4/10')
  })

  test('an editor uploads 5 MB exactly, with a length or in chunks', async () => {
    const { cookie } = platform.person('editor')
    const body = randomBytes(5 * 1024 * 1024)
    const headers = { Cookie: cookie, Origin: platform.origin, 'If-Match': '"one"' }
    for (const framing of [{ 'Content-Length': String(body.length) }, { 'Transfer-Encoding': 'chunked' }]) {
      platform.runner.files.clear()
      const question = { port: platform.port, path: url('up.bin'), method: 'PUT', body }
      expect(await ask({ ...question, headers: { ...headers, ...framing } })).toMatchObject({ status: 201 })
      expect(platform.runner.files.get('up.bin')?.equals(body)).toBe(true)
    }
    expect(platform.runner.seen[0]?.headers['if-match']).toBe('"one"')
  })

  test('an agent’s program brings and fetches 10 MiB with a link, which is good for that file only', async () => {
    const { id } = platform.person('editor')
    const { connection } = await platform.connections.issue({
      userId: id,
      userName: 'Ada',
      resource: { kind: 'repl', replId: platform.replId },
      client: 'Probe',
      scopes: ['repl:read', 'repl:write'],
    })
    const about = { replId: platform.replId, path: 'up.bin', userId: id, connectionId: connection.id }
    const put = await makeFileTicket(platform.stateStore, { ...about, method: 'PUT' })
    const fetched = await makeFileTicket(platform.stateStore, { ...about, method: 'GET' })
    const body = randomBytes(10 * 1024 * 1024)
    const brought = { port: platform.port, path: url(`up.bin?ticket=${put}`), method: 'PUT', body, headers: {} }
    expect(await ask(brought)).toMatchObject({ status: 201 })
    expect(platform.runner.files.get('up.bin')?.equals(body)).toBe(true)
    const answer = await get(url(`up.bin?ticket=${fetched}`), {})
    expect([answer.status, answer.bytes.equals(body)]).toEqual([200, true])
    expect(await get(url(`up.bin?ticket=${put}`), {})).toMatchObject({ status: 403 })
    expect(await get(url(`other.bin?ticket=${fetched}`), {})).toMatchObject({ status: 403 })
    expect(await get(url('up.bin?ticket=nothing'), {})).toMatchObject({ status: 403 })
    const grant = platform.access.grants.get(id)
    platform.access.grants.delete(id)
    expect((await get(url(`up.bin?ticket=${fetched}`), {})).status).toBeGreaterThanOrEqual(400)
    if (grant !== undefined) platform.access.grants.set(id, grant)
    // An agent that is cut off takes no link with it, and its transfer under way breaks off.
    const isStuck = Promise.withResolvers<void>()
    platform.runner.onFile = () => isStuck.resolve()
    const underWay = get(url(`up.bin?ticket=${fetched}`), {})
    await isStuck.promise
    await platform.connections.end(connection)
    expect((await underWay).status).toBe(403)
    expect(await get(url(`up.bin?ticket=${fetched}`), {})).toMatchObject({ status: 403 })
  })

  test('an upload that is refused while it comes in still gets its answer', async () => {
    platform.runner.onFile = (_request, response) => {
      response.writeHead(412, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ error: { code: 'conflict', message: 'It was changed meanwhile.' } }))
    }
    const headers = { Cookie: platform.person('editor').cookie, Origin: platform.origin, Connection: 'keep-alive' }
    const body = randomBytes(5 * 1024 * 1024)
    const answer = await ask({ port: platform.port, path: url('a'), method: 'PUT', body, headers })
    expect(answer).toMatchObject({ status: 412 })
  })

  test('a runner that never finishes its refusal holds nobody up', async () => {
    await using patient = await startPlatform({ runnerHeadMs: 200 })
    let connection: Promise<unknown> | undefined
    patient.runner.onFile = (request, response) => {
      connection = once(request.socket, 'close')
      response.writeHead(404, { 'content-type': 'application/json' }).write('{"error":')
    }
    const { cookie } = patient.person('viewer')
    const path = `/r/${patient.replId}/files/a`
    expect(await ask({ port: patient.port, path, headers: { Cookie: cookie } })).toMatchObject({ status: 404 })
    await connection
  })

  test('a viewer cannot upload', async () => {
    const headers = { Cookie: platform.person('viewer').cookie, Origin: platform.origin }
    expect(await get(url('a'), headers, 'PUT')).toMatchObject({ status: 403 })
    expect(platform.runner.seen).toEqual([])
  })

  test('S9: an upload from another site, or from none, is refused', async () => {
    const { cookie } = platform.person('owner')
    for (const headers of [{ Cookie: cookie, Origin: 'http://evil.example' }, { Cookie: cookie }])
      expect(await get(url('a'), headers, 'PUT')).toMatchObject({ status: 403 })
    expect(platform.lifecycle.starts).toBe(0)
  })

  test('S9: a page of another site can neither read a file nor wake the repl', async () => {
    const { cookie } = platform.person('owner')
    for (const site of ['cross-site', 'same-site'])
      expect(await get(url('a'), { Cookie: cookie, 'Sec-Fetch-Site': site })).toMatchObject({ status: 403 })
    expect(platform.lifecycle.starts).toBe(0)
  })

  test('S5: nobody gets nothing, strangers and unknown repls are not found', async () => {
    expect(await get(url('a'), {})).toMatchObject({ status: 401 })
    expect(await get(url('a'), { Cookie: platform.person().cookie })).toMatchObject({ status: 404 })
    const { cookie } = platform.person('owner')
    expect(await get(`/r/${newId()}/files/a`, { Cookie: cookie })).toMatchObject({ status: 404 })
    expect(await get('/r/UPPER/files/a', { Cookie: cookie })).toMatchObject({ status: 404 })
    expect(platform.lifecycle.starts).toBe(0)
  })

  test.each([
    '../etc/passwd',
    '%2e%2e/etc/passwd',
    'a/..%2f..%2fetc',
    'a%2fb',
    '/etc/passwd',
    'a//b',
    'a%00',
    '%ff',
    'a/',
  ])('S8: %s is no path inside the workspace', async (path) => {
    expect(await get(url(path), { Cookie: platform.person('owner').cookie })).toMatchObject({ status: 400 })
    expect(platform.runner.seen).toEqual([])
  })

  test('a runner’s refusal keeps its reason, other methods are refused', async () => {
    const { cookie } = platform.person('owner')
    const missing = await get(url('nope'), { Cookie: cookie })
    expect(missing.status).toBe(404)
    expect(JSON.parse(missing.body)).toEqual({
      error: { code: 'not_found', message: 'There is no nope.', path: 'nope' },
    })
    expect(await get(url('a'), { Cookie: cookie, Origin: platform.origin }, 'DELETE')).toMatchObject({ status: 501 })
  })

  test('a tampered runner cannot redirect or answer nonsense', async () => {
    platform.runner.onFile = (_request, response) => response.writeHead(302, { Location: 'http://evil.example' }).end()
    const answer = await get(url('a'), { Cookie: platform.person('owner').cookie })
    expect(answer.status).toBe(503)
    expect(answer.headers.location).toBeUndefined()
  })

  test('a tampered runner that switches protocols unasked keeps no transfer waiting', async () => {
    platform.runner.onFile = ({ socket }) =>
      void socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n')
    expect(await get(url('a'), { Cookie: platform.person('owner').cookie })).toMatchObject({ status: 503 })
  })

  test('a download that breaks off does not look whole', async () => {
    platform.runner.onFile = (_request, response) => {
      response.writeHead(200)
      response.write('half', () => response.destroy())
    }
    await expect(get(url('a'), { Cookie: platform.person('owner').cookie })).rejects.toThrow(/aborted|hang up/)
  })

  test('a download ends when its right is revoked, and when the client goes', async () => {
    const { id, cookie } = platform.person('viewer')
    let ended = 0
    platform.runner.onFile = (_request, response) => {
      response.on('close', () => (ended += 1))
      response.writeHead(200)
      response.write('begun')
    }
    const question = { port: platform.port, path: url('a'), headers: { Cookie: cookie } }
    const leaving = open(question, (response) => response.once('data', () => leaving.destroy()))
    leaving.on('error', () => {})
    await expect.poll(() => ended).toBe(1)

    const revoked = open(question, (response) => {
      response.on('error', () => {})
      response.once('data', () => {
        platform.access.grants.delete(id)
        platform.access.changed()
      })
    })
    revoked.on('error', () => {})
    await once(revoked, 'close')
    await expect.poll(() => ended).toBe(2)
  })
})
