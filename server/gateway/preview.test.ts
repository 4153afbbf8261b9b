import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import type { IncomingMessage, RequestListener, Server } from 'node:http'
import { connect, createServer as createTcpServer } from 'node:net'
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ask, open } from '#server/gateway/_client.ts'
import { portOf, startPlatform } from '#server/gateway/_platform.ts'
import type { Platform } from '#server/gateway/_platform.ts'
import { visitorCookie } from '#server/gateway/_visitor.ts'

describe('the preview of a user’s server', () => {
  let platform: Platform
  let server: Server
  let port: number
  let cookie: string
  /** What the user's server does with a request. */
  let onRequest: RequestListener
  let seen: IncomingMessage[]

  beforeEach(async () => {
    platform = await startPlatform({ upstreamHeadMs: 300 })
    seen = []
    server = createServer((request, response) => {
      seen.push(request)
      onRequest(request, response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    port = portOf(server)
    cookie = await visitorCookie(platform, port)
  })
  afterEach(async () => {
    server.closeAllConnections()
    server.close()
    await platform[Symbol.asyncDispose]()
  })

  const question = (path: string, headers: Record<string, string> = {}) => ({
    port: platform.port,
    host: platform.previewAuthority(port),
    path,
    headers: { Cookie: cookie, ...headers },
  })
  const visit = (path: string, headers: Record<string, string> = {}) => ask(question(path, headers))

  test.each([
    ['a page that is opened', { 'Sec-Fetch-Dest': 'document' }, 200, 1],
    ['a program that is no browser', {}, 200, 1],
    ['a frame of the IDE', { 'Sec-Fetch-Dest': 'iframe' }, 503, 0],
    ['a poll of the page', { 'Sec-Fetch-Dest': 'empty' }, 503, 0],
  ])('of a sleeping repl, %s: wakes it only if somebody came to look', async (_name, headers, status, starts) => {
    onRequest = (_request, response) => void response.end('awake')
    platform.lifecycle.isAsleep = true
    platform.lifecycle.starts = 0
    expect(await visit('/', headers)).toMatchObject({ status })
    expect(platform.lifecycle.starts).toBe(starts)
  })

  test('L11: a server that checks Host and Origin sees a visitor at localhost, at the same paths', async () => {
    onRequest = (request, response) => {
      const isAllowed = request.headers.host === `localhost:${port}`
      response.writeHead(isAllowed ? 200 : 403, { 'Content-Type': 'text/html' })
      response.end('<script src="/assets/app.js?v=1"></script>')
    }
    const origin = `http://${platform.previewAuthority(port)}`
    const answer = await visit('/', { Origin: origin, Referer: `${origin}/from`, 'X-Forwarded-For': '6.6.6.6' })
    expect(answer).toMatchObject({ status: 200, body: '<script src="/assets/app.js?v=1"></script>' })
    await visit('/assets/app.js?v=1&x=%2F..%2f')
    expect(seen[1]?.url).toBe('/assets/app.js?v=1&x=%2F..%2f')
    expect(seen[0]?.headers).toMatchObject({
      origin: `http://localhost:${port}`,
      referer: `${origin}/from`,
      'x-forwarded-host': platform.previewAuthority(port),
      'x-forwarded-proto': 'http',
      'x-forwarded-for': '127.0.0.1',
    })
    await visit('/', { Origin: `http://${platform.previewAuthority(4000)}` })
    expect(seen[2]?.headers.origin).toBe(`http://${platform.previewAuthority(4000)}`)
  })

  test('L11: redirects to itself lead to the preview’s host, others stay', async () => {
    const locations = [
      `http://localhost:${port}/a?b#c`,
      `http://127.0.0.1:${port}/`,
      '/relative',
      'https://example.com/',
      `http://localhost:${port + 1}/`,
      '//other.example/x',
    ]
    onRequest = (request, response) =>
      void response.writeHead(302, { Location: locations[Number(request.url?.slice(1))] ?? '' }).end()
    const here = `http://${platform.previewAuthority(port)}`
    const got = await Promise.all(locations.map(async (_, at) => (await visit(`/${at}`)).headers.location))
    expect(got).toEqual([`${here}/a?b#c`, `${here}/`, ...locations.slice(2)])
  })

  test('L11: ports below 1024 have previews too', async () => {
    const answer = await ask({ ...question('/'), host: platform.previewAuthority(80) })
    expect(answer.status).toBe(401)
  })

  test('answers stream: what the server has written is there before it ends', async () => {
    const parts: string[] = []
    let finish = () => {}
    onRequest = (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      response.write('data: 1\n\n')
      finish = () => void response.end('data: 2\n\n')
    }
    open(question('/events'), (response) => response.on('data', (chunk: Buffer) => parts.push(chunk.toString())))
    await expect.poll(() => parts).toEqual(['data: 1\n\n'])
    finish()
    await expect.poll(() => parts).toEqual(['data: 1\n\n', 'data: 2\n\n'])
  })

  test('a stream that says nothing for longer than the wait for a head goes on', async () => {
    let late = () => {}
    onRequest = (_request, response) => {
      response.writeHead(200)
      response.write('first ')
      late = () => void response.end('last')
    }
    const answer = visit('/')
    await expect.poll(() => seen.length).toBe(1)
    setTimeout(() => late(), 450)
    expect((await answer).body).toBe('first last')
  })

  test('bodies go up and down intact, with and without a length', async () => {
    onRequest = (request, response) => void request.pipe(response)
    const body = randomBytes(5 * 1024 * 1024)
    for (const framing of [{ 'Content-Length': String(body.length) }, { 'Transfer-Encoding': 'chunked' }]) {
      const answer = await ask({ ...question('/echo', framing), method: 'POST', body })
      expect(answer.bytes.equals(body)).toBe(true)
    }
    expect(
      await ask({ ...question('/', { 'Transfer-Encoding': 'chunked' }), method: 'DELETE', body: 'x' }),
    ).toMatchObject({ status: 200, body: 'x' })
  })

  test('304, HEAD, errors and several cookies pass untouched', async () => {
    onRequest = (request, response) => {
      if (request.headers['if-none-match'] === '"x"') return void response.writeHead(304, { ETag: '"x"' }).end()
      response.writeHead(500, 'Oh No', { 'Content-Length': 4, 'Set-Cookie': ['a=1', 'b=2'] }).end('boom')
    }
    expect(await visit('/', { 'If-None-Match': '"x"' })).toMatchObject({ status: 304, headers: { etag: '"x"' } })
    const failed = await visit('/', { Accept: 'text/html' })
    expect(failed).toMatchObject({ status: 500, body: 'boom', headers: { 'set-cookie': ['a=1', 'b=2'] } })
    const head = await ask({ ...question('/'), method: 'HEAD' })
    expect(head).toMatchObject({ status: 500, body: '', headers: { 'content-length': '4' } })
  })

  test('hop-by-hop headers stay on their hop, in both directions', async () => {
    onRequest = (_request, response) =>
      void response
        .writeHead(200, { Connection: 'close, X-Hop', 'X-Hop': '1', 'X-Kept': '2', 'Clear-Site-Data': '"*"' })
        .end()
    const answer = await visit('/', {
      Connection: 'keep-alive, X-Secret',
      'X-Secret': '1',
      TE: 'trailers',
      'X-Kept': '2',
    })
    expect(seen[0]?.headers['x-secret']).toBeUndefined()
    expect(seen[0]?.headers.te).toBeUndefined()
    expect(seen[0]?.headers['x-kept']).toBe('2')
    expect(answer.headers['x-hop']).toBeUndefined()
    expect(answer.headers['clear-site-data']).toBeUndefined()
    expect(answer.headers['x-kept']).toBe('2')
  })

  test('many requests share few connections', async () => {
    onRequest = (_request, response) => void response.end('ok')
    for (let count = 0; count < 20; count += 1) await visit(`/${count}`)
    expect(seen).toHaveLength(20)
    expect(platform.runner.tunnels).toBe(1)
  })

  test('a kept connection that closes just as it is used costs no reading request, and sends no writing one twice', async () => {
    const used = new Set<unknown>()
    onRequest = (request, response) => {
      if (used.has(request.socket)) return void request.socket.destroy()
      used.add(request.socket)
      response.end('ok')
    }
    expect(await visit('/')).toMatchObject({ status: 200 })
    expect(await visit('/')).toMatchObject({ status: 200 })
    expect(seen).toHaveLength(3)
    expect(await ask({ ...question('/'), method: 'POST', body: 'x' })).toMatchObject({ status: 503 })
    expect(seen).toHaveLength(4)
  })

  test('an upload may take longer than the wait for a head, as long as it goes on', async () => {
    onRequest = (request, response) => {
      request.resume()
      request.on('end', () => response.end('got it'))
    }
    const request = httpRequest({
      host: '127.0.0.1',
      port: platform.port,
      method: 'POST',
      headers: { Host: platform.previewAuthority(port), Cookie: cookie },
    })
    let left = 6
    const timer = setInterval(() => {
      left -= 1
      if (left > 0) return void request.write('part')
      clearInterval(timer)
      request.end()
    }, 100)
    const [answer] = await once(request, 'response')
    expect(answer).toMatchObject({ statusCode: 200 })
    answer.resume()
  })

  test('an answer that breaks off does not look whole', async () => {
    onRequest = (_request, response) => {
      response.writeHead(200)
      response.write('half', () => response.destroy())
    }
    await expect(visit('/')).rejects.toThrow(/aborted|hang up/)
  })

  test('a client that leaves is not waited for', async () => {
    let isGone = false
    onRequest = (_request, response) => {
      response.on('close', () => (isGone = true))
      response.writeHead(200)
      response.write('begun')
    }
    const leaving = open(question('/'), (response) => response.once('data', () => leaving.destroy()))
    leaving.on('error', () => {})
    await expect.poll(() => isGone).toBe(true)
  })

  test('a server that never answers is given up on', async () => {
    onRequest = () => {}
    expect(await visit('/')).toMatchObject({ status: 504 })
    expect(await visit('/', { Accept: 'text/html' })).toMatchObject({ status: 504 })
  })

  test('revoking cuts an answer under way within a second', async () => {
    onRequest = (_request, response) => {
      response.writeHead(200)
      response.write('begun')
    }
    const before = Date.now()
    const request = open(question('/'), (response) => {
      response.on('error', () => {})
      response.once('data', () => {
        platform.access.grants.clear()
        platform.access.changed()
      })
    })
    request.on('error', () => {})
    await once(request, 'close')
    expect(Date.now() - before).toBeLessThan(1000)
  })

  test('an answer that is not HTTP, or whose head is endless, is an error of ours', async () => {
    for (const head of [
      'nonsense\r\n\r\n',
      'HTTP/1.1 099 Low\r\n\r\n',
      `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`,
    ]) {
      const strange = createTcpServer((socket) => {
        socket.on('error', () => {})
        socket.once('data', () => socket.end(head))
      })
      await new Promise<void>((resolve) => strange.listen(0, '127.0.0.1', resolve))
      platform.access.publicPorts.add(portOf(strange))
      const host = platform.previewAuthority(portOf(strange))
      expect(await ask({ port: platform.port, host, path: '/' })).toMatchObject({ status: 503 })
      strange.close()
    }
  })

  test('a reason phrase that HTTP does not allow costs nothing but the phrase', async () => {
    const strange = createTcpServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.end('HTTP/1.1 200 O\u0001K\r\nContent-Length: 2\r\n\r\nok'))
    })
    await new Promise<void>((resolve) => strange.listen(0, '127.0.0.1', resolve))
    platform.access.publicPorts.add(portOf(strange))
    const host = platform.previewAuthority(portOf(strange))
    expect(await ask({ port: platform.port, host, path: '/' })).toMatchObject({ status: 200, body: 'ok' })
    strange.close()
  })

  test('smuggled requests do not get through: ambiguous framing and other codings are refused', async () => {
    onRequest = (_request, response) => void response.end('ok')
    const heads = [
      'POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n',
      'POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n',
      'POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n',
      'GET http://evil.example/ HTTP/1.1\r\n',
    ]
    for (const head of heads) {
      const client = connect(platform.port, '127.0.0.1')
      client.end(
        `${head}Host: ${platform.previewAuthority(port)}\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n0\r\n\r\n`,
      )
      const [answer] = await once(client, 'data')
      expect(String(answer)).toMatch(/^HTTP\/1\.1 (400|501) /)
      client.destroy()
    }
    expect(seen).toEqual([])
  })

  test('S6: no request of a preview host reaches the application, and no path of the application a sandbox', async () => {
    onRequest = (_request, response) => void response.end('the user’s server')
    for (const path of ['/api/auth/session', '/repls', `/r/${platform.replId}/files/a`, `/r/${platform.replId}/socket`])
      expect((await visit(path)).body).toBe('the user’s server')
    const { replId } = platform
    const strange = [`x.localhost`, `3000-short.localhost`, `3000-${replId}.x.localhost`, `3000-${replId}.localhost.`]
    for (const host of strange)
      expect(await ask({ port: platform.port, host, path: '/' })).toMatchObject({ status: 404 })
    const page = await ask({ port: platform.port, host: 'x.localhost', path: '/', headers: { Accept: 'text/html' } })
    expect(page).toMatchObject({ status: 404, headers: { 'content-type': 'text/html; charset=utf-8' } })
    expect((await ask({ port: platform.port, path: '/' })).body).toBe('the application')
    const shouted = platform.previewAuthority(port).toUpperCase()
    expect((await ask({ ...question('/'), host: shouted })).body).toBe('the user’s server')
  })

  test('where nothing listens a page waits, and knows when that changes', async () => {
    const free = createServer()
    await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve))
    const freePort = portOf(free)
    await new Promise((resolve) => free.close(resolve))
    platform.access.publicPorts.add(freePort)
    const host = platform.previewAuthority(freePort)
    const look = async () => (await ask({ port: platform.port, host, path: '/__devex/ready' })).body

    const page = await ask({ port: platform.port, host, path: '/', headers: { Accept: 'text/html' } })
    expect(page.status).toBe(502)
    expect(page.body).toContain(`Nothing listens on port ${freePort} yet`)
    expect(page.body).toContain('color-scheme: light dark')
    expect(page.headers['content-security-policy']).toMatch(/script-src 'nonce-[\w+/=]+'/)
    expect(await look()).toBe('{"listening":false}')
    expect(await ask({ port: platform.port, host, path: '/data.json' })).toMatchObject({
      status: 503,
      headers: { 'content-type': 'application/json' },
    })

    const late = createServer((_request, response) => response.end('here now'))
    await new Promise<void>((resolve) => late.listen(freePort, '127.0.0.1', resolve))
    expect(await look()).toBe('{"listening":true}')
    expect((await ask({ port: platform.port, host, path: '/' })).body).toBe('here now')
    late.closeAllConnections()
    late.close()
  })

  test('/__devex/ is the gateway’s own', async () => {
    onRequest = (_request, response) => void response.end('the user’s server')
    expect(await visit('/__devex/anything')).toMatchObject({ status: 404 })
    expect(seen).toEqual([])
  })

  test('a sleeping repl is woken, and a start that takes long answers with a page that waits', async () => {
    await platform[Symbol.asyncDispose]()
    platform = await startPlatform({ previewWakeMs: 50 })
    platform.access.publicPorts.add(port)
    let wake = () => {}
    const awake = new Promise<void>((resolve) => {
      wake = resolve
    })
    platform.lifecycle.start = () => awake
    onRequest = (_request, response) => void response.end('awake')
    const page = await visit('/', { Accept: 'text/html' })
    expect(page).toMatchObject({ status: 504, headers: { 'retry-after': '1' } })
    expect(page.body).toContain('did not start within')
    wake()
    expect(await visit('/')).toMatchObject({ status: 200, body: 'awake' })
    expect(platform.lifecycle.touches).toBe(1)
  })
})
