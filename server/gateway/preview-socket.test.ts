import { createServer } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { on, once } from 'node:events'
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { newId } from '#protocol/ids.ts'
import { closed, mustOpen, nextMessage, openSocket } from '#server/gateway/_client.ts'
import { portOf, startPlatform } from '#server/gateway/_platform.ts'
import type { Platform } from '#server/gateway/_platform.ts'
import { visitorCookie } from '#server/gateway/_visitor.ts'

describe('WebSockets of a preview', () => {
  let platform: Platform
  let server: Server
  let port: number
  let cookie: string
  let seen: IncomingMessage[]

  beforeEach(async () => {
    platform = await startPlatform()
    seen = []
    server = createServer((_request, response) => response.end())
    port = await listen(server)
    // As Vite's and Next's development servers do: a foreign Host or Origin gets no HMR.
    const sockets = new WebSocketServer({
      noServer: true,
      maxPayload: 64 * 1024 * 1024,
      handleProtocols: (protocols) => (protocols.has('vite-hmr') ? 'vite-hmr' : false),
    })
    server.on('upgrade', (request, socket, head) => {
      seen.push(request)
      const { host, origin } = request.headers
      if (host !== `localhost:${port}` || (origin !== undefined && origin !== `http://localhost:${port}`))
        return void socket.end(
          'HTTP/1.1 403 Forbidden\r\nContent-Length: 7\r\nSet-Cookie: devex_preview=x\r\n\r\nforeign',
        )
      sockets.handleUpgrade(request, socket, head, (webSocket) =>
        webSocket.on('message', (data, binary) => webSocket.send(data, { binary })),
      )
    })
    cookie = await visitorCookie(platform, port)
  })
  afterEach(async () => {
    server.closeAllConnections()
    server.close()
    await platform[Symbol.asyncDispose]()
  })

  const address = (headers: Record<string, string> = {}, path = '/_hmr?token=x') => ({
    host: platform.previewAuthority(port),
    path,
    headers: { Cookie: `${cookie}; next-auth.session-token=secret; own=1`, ...headers },
  })
  const ownOrigin = () => ({ Origin: `http://${platform.previewAuthority(port)}` })

  test('L11: HMR of a server that checks Host and Origin works unmodified', async () => {
    const socket = await mustOpen(platform.port, { ...address(ownOrigin()), protocols: ['vite-hmr'] })
    expect(socket.protocol).toBe('vite-hmr')
    socket.send('update')
    expect(await nextMessage(socket)).toBe('update')
    expect(seen[0]?.url).toBe('/_hmr?token=x')
    expect(platform.gateway.connections()).toBe(1)
    socket.close()
    expect(await closed(socket)).toMatchObject({ code: 1005 })
    await expect.poll(() => platform.gateway.connections()).toBe(0)
  })

  test('S6: cookies of the platform are not in the upgrade', async () => {
    const socket = await mustOpen(platform.port, address(ownOrigin()))
    expect(seen[0]?.headers.cookie).toBe('own=1')
    socket.terminate()
  })

  test('20 MB come back intact', async () => {
    const socket = await mustOpen(platform.port, address(ownOrigin()))
    const sent = randomBytes(20 * 1024 * 1024)
    socket.send(sent)
    const [data] = await once(socket, 'message')
    expect(Buffer.isBuffer(data) && data.equals(sent)).toBe(true)
    socket.terminate()
  })

  test('S5: without the preview’s cookie, or from a stranger’s page, it is refused', async () => {
    expect(await openSocket(platform.port, address({ ...ownOrigin(), Cookie: '' }))).toMatchObject({ status: 401 })
    const stranger = `http://3000-${newId()}.localhost:${platform.port}`
    for (const Origin of [stranger, platform.origin, 'http://evil.example', 'null'])
      expect(await openSocket(platform.port, address({ Origin }))).toMatchObject({ kind: 'refused', status: 403 })
    expect(seen).toEqual([])
  })

  test('what the user’s server says in refusal passes, without cookies that are not its own', async () => {
    const Origin = `http://${platform.previewAuthority(4000)}`
    expect(await openSocket(platform.port, address({ Origin }))).toEqual({
      kind: 'refused',
      status: 403,
      body: 'foreign',
    })
  })

  /** An upgrade that the user's server answers with a page that it goes on writing, and both ends of that. */
  async function openEndless(): Promise<{ client: Socket; answering: Duplex }> {
    const answered = Promise.withResolvers<Duplex>()
    server.removeAllListeners('upgrade').on('upgrade', (_request, socket) => {
      socket.on('error', () => undefined).write('HTTP/1.1 200 OK\r\n\r\nsecret')
      answered.resolve(socket)
    })
    const client = connect(platform.port, '127.0.0.1').on('error', () => undefined)
    client.write(
      `GET /_hmr HTTP/1.1\r\nHost: ${platform.previewAuthority(port)}\r\nCookie: ${cookie}\r\n` +
        `Origin: http://${platform.previewAuthority(port)}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    )
    let text = ''
    for await (const [chunk] of on(client, 'data')) {
      text += String(chunk)
      if (text.endsWith('secret')) break
    }
    return { client: client.resume(), answering: await answered.promise }
  }

  test('S5: revoking cuts what the user’s server says instead of an upgrade, within a second', async () => {
    const { client } = await openEndless()
    const cut = once(client, 'close')
    const before = Date.now()
    platform.access.grants.clear()
    platform.access.changed()
    await cut
    expect(Date.now() - before).toBeLessThan(1000)
  })

  test.each(['ends', 'breaks off', 'is left'])(
    'an answer instead of an upgrade is looked after until it %s',
    async (how) => {
      await platform[Symbol.asyncDispose]()
      platform = await startPlatform({ recheckEveryMs: 20, roomIdleMs: 0 })
      cookie = await visitorCookie(platform, port)
      const { client, answering } = await openEndless()
      expect(platform.access.subscriptions()).toBe(1)
      if (how === 'ends') answering.end()
      else if (how === 'breaks off') answering.destroy()
      else client.destroy()
      await expect.poll(() => platform.access.subscriptions()).toBe(0)
    },
  )

  test('revoking cuts it within a second', async () => {
    const socket = await mustOpen(platform.port, address(ownOrigin()))
    const before = Date.now()
    platform.access.grants.clear()
    platform.access.changed()
    expect(await closed(socket)).toMatchObject({ code: 1006 })
    expect(Date.now() - before).toBeLessThan(1000)
  })

  test('S5: signing out cuts it at the next look at live connections', async () => {
    await platform[Symbol.asyncDispose]()
    platform = await startPlatform({ recheckEveryMs: 50 })
    const person = platform.person('viewer')
    cookie = await visitorCookie(platform, port, person)
    const socket = await mustOpen(platform.port, address(ownOrigin()))
    platform.signOut(person.cookie)
    expect(await closed(socket)).toMatchObject({ code: 1006 })
    expect(await openSocket(platform.port, address(ownOrigin()))).toMatchObject({ kind: 'refused', status: 401 })
  })

  test('a port that is public takes anybody, and is cut when it is private again', async () => {
    platform.access.publicPorts.add(port)
    const socket = await mustOpen(platform.port, address({ Cookie: '' }))
    platform.access.publicPorts.delete(port)
    platform.access.changed()
    expect(await closed(socket)).toMatchObject({ code: 1006 })
  })

  test('other upgrades do not pass', async () => {
    for (const head of [
      'GET / HTTP/1.1\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__',
      'GET / HTTP/1.1\r\nUpgrade: devex-tunnel',
      'POST / HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nContent-Length: 3',
    ]) {
      const client = connect(platform.port, '127.0.0.1')
      client.write(
        `${head}\r\nConnection: Upgrade\r\nHost: ${platform.previewAuthority(port)}\r\nCookie: ${cookie}\r\n\r\n`,
      )
      const [answer] = await once(client, 'data')
      expect(String(answer)).toMatch(/^HTTP\/1\.1 501 /)
      client.destroy()
    }
    expect(seen).toEqual([])
  })

  test('where nothing listens it is refused', async () => {
    platform.access.publicPorts.add(1)
    const opened = await openSocket(platform.port, { host: platform.previewAuthority(1), path: '/' })
    expect(opened).toMatchObject({ kind: 'refused', status: 503 })
  })

  test('a user’s server that dies takes the connection with it', async () => {
    const socket = await mustOpen(platform.port, address(ownOrigin()))
    const cut = closed(socket)
    seen[0]?.socket.destroy()
    expect(await cut).toMatchObject({ code: 1006 })
    await expect.poll(() => platform.gateway.connections()).toBe(0)
  })

  describe('of many', () => {
    beforeEach(async () => {
      await platform[Symbol.asyncDispose]()
      platform = await startPlatform({ previewSocketsPerVisitor: 2, previewSocketsSignedOut: 3 })
    })
    const open = (cookie: string) => openSocket(platform.port, address({ ...ownOrigin(), Cookie: cookie }))
    const mustJoin = (cookie: string) => mustOpen(platform.port, address({ ...ownOrigin(), Cookie: cookie }))
    const refusal = { kind: 'refused', status: 429 }

    test('one visitor has so many, and is told what to do; the others have theirs', async () => {
      const [ada, bob] = [await visitorCookie(platform, port), await visitorCookie(platform, port)]
      const sockets = [await mustJoin(ada), await mustJoin(ada)]
      expect(await open(ada)).toMatchObject({ ...refusal, body: expect.stringContaining('close some of their pages') })
      await mustJoin(bob)
      for (const socket of sockets) socket.terminate()
      await expect.poll(() => platform.gateway.connections()).toBe(1)
      await mustJoin(ada)
      await mustJoin(ada)
      expect(await open(ada)).toMatchObject(refusal)
    })

    test('what the user’s server refuses is counted no longer than that takes', async () => {
      const cookie = await visitorCookie(platform, port)
      const refused = () =>
        openSocket(platform.port, address({ Origin: `http://${platform.previewAuthority(4000)}`, Cookie: cookie }))
      for (let attempt = 0; attempt < 5; attempt += 1) expect(await refused()).toMatchObject({ body: 'foreign' })
      await mustJoin(cookie)
      await mustJoin(cookie)
      expect(await open(cookie)).toMatchObject(refusal)
    })

    test('all who are not signed in leave room for those who are', async () => {
      const member = await visitorCookie(platform, port)
      const guest = await visitorCookie(platform, port, platform.guest())
      platform.access.publicPorts.add(port)
      await mustJoin(guest)
      await mustJoin('')
      await mustJoin('')
      for (const cookie of ['', guest])
        expect(await open(cookie)).toMatchObject({ ...refusal, body: expect.stringContaining('come back in a while') })
      await mustJoin(member)
    })
  })
})

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return portOf(server)
}
