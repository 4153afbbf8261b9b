import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { WebSocket } from 'ws'
import { newId } from '#protocol/ids.ts'
import { AppError } from '#server/errors.ts'
import { closed, mustOpen, nextMessage, openSocket } from '#server/gateway/_client.ts'
import { startPlatform } from '#server/gateway/_platform.ts'
import type { Platform } from '#server/gateway/_platform.ts'

const REVOCATION_MS = 1000

describe('the socket of a repl', () => {
  let platform: Platform
  beforeEach(async () => {
    platform = await startPlatform({ recheckEveryMs: 100 })
  })
  afterEach(() => platform[Symbol.asyncDispose]())

  const path = () => `/r/${platform.replId}/socket`
  const attach = (cookie: string, origin = platform.origin) =>
    openSocket(platform.port, { path: path(), headers: { Cookie: cookie, Origin: origin } })
  const mustAttach = (cookie: string) =>
    mustOpen(platform.port, { path: path(), headers: { Cookie: cookie, Origin: platform.origin } })
  const grantShare = (id: string, expiresAt?: number) =>
    platform.access.grants.set(id, {
      role: 'viewer',
      via: { kind: 'share', shareId: newId(), ...(expiresAt !== undefined && { expiresAt }) },
    })

  test('joins browser and runner, with a token in the place of the cookie', async () => {
    const { id, cookie } = platform.person('editor')
    const socket = await mustAttach(`${cookie}; other=1`)
    socket.send('hello')
    expect(await nextMessage(socket)).toBe('hello')
    const [seen] = platform.runner.seen
    expect(seen?.claims).toMatchObject({
      sub: id,
      repl: platform.replId,
      generation: 7,
      role: 'editor',
      actor: `Person ${id}`,
    })
    expect(seen?.headers.cookie).toBeUndefined()
    expect(seen?.headers.origin).toBeUndefined()
    expect(platform.gateway.connections()).toBe(1)
    socket.close()
    await closed(socket)
    await expect.poll(() => platform.gateway.connections()).toBe(0)
  })

  test('carries 20 MB each way intact, at the pace of a slow reader', async () => {
    const socket = await mustAttach(platform.person('owner').cookie)
    const sent = randomBytes(20 * 1024 * 1024)
    const received = once(socket, 'message')
    socket.send(sent)
    await expect.poll(() => platform.gateway.connections()).toBe(1)
    socket.pause()
    await expect.poll(() => platform.runner.seen.length).toBe(1)
    socket.resume()
    const [data] = await received
    expect(Buffer.isBuffer(data) && data.equals(sent)).toBe(true)
    socket.terminate()
  })

  test('back-pressure: a reader that stands still makes the runner wait, and then gets everything', async () => {
    const total = 64 * 1024 * 1024
    let written = 0
    platform.runner.onSocket = (socket) => {
      const chunk = randomBytes(64 * 1024)
      const feed = () => {
        if (written >= total || socket.readyState !== socket.OPEN) return
        written += chunk.length
        socket.send(chunk, feed)
      }
      feed()
    }
    const socket = await mustAttach(platform.person('viewer').cookie)
    let received = 0
    socket.on('message', (data) => (received += Buffer.isBuffer(data) ? data.length : 0))
    socket.pause()
    let before = -1
    const hasStopped = () => {
      const isSame = written === before
      before = written
      return isSame
    }
    await expect.poll(hasStopped, { interval: 250, timeout: 10_000 }).toBe(true)
    expect(written).toBeLessThan(total / 2)
    socket.resume()
    await expect.poll(() => received, { timeout: 20_000 }).toBe(total)
    socket.terminate()
  })

  test('S5 U8: without a cookie it is refused before anything is opened', async () => {
    expect(await attach('')).toMatchObject({ kind: 'refused', status: 401 })
    expect(platform.lifecycle.starts).toBe(0)
    expect(platform.runner.seen).toEqual([])
  })

  test.each(['http://evil.example', 'null', 'http://3000-abcdefghij012345.localhost', 'https://localhost'])(
    'S5: a page of %s is refused although the cookie is good',
    async (origin) => {
      expect(await attach(platform.person('owner').cookie, origin)).toMatchObject({ kind: 'refused', status: 403 })
      expect(platform.lifecycle.starts).toBe(0)
    },
  )

  test('S5: a request without Origin is refused', async () => {
    const { cookie } = platform.person('owner')
    const opened = await openSocket(platform.port, { path: path(), headers: { Cookie: cookie } })
    expect(opened).toMatchObject({ kind: 'refused', status: 403 })
  })

  test('someone signed in without a role reads why in the close code, and nothing is opened', async () => {
    const socket = await mustAttach(platform.person().cookie)
    expect(await closed(socket)).toEqual({ code: 4404, reason: 'There is no such REPL.' })
    expect(platform.lifecycle.starts).toBe(0)
  })

  test('an unknown repl closes with 4404, a malformed id is 404', async () => {
    const headers = { Cookie: platform.person('owner').cookie, Origin: platform.origin }
    const socket = await mustOpen(platform.port, { path: `/r/${newId()}/socket`, headers })
    expect(await closed(socket)).toMatchObject({ code: 4404 })
    for (const bad of ['/r/x/socket', `/r/${platform.replId}/socket/x`, '/r/..%2f/socket'])
      expect(await openSocket(platform.port, { path: bad, headers })).toMatchObject({ kind: 'refused', status: 404 })
  })

  test('a start that fails or takes too long closes with its reason', async () => {
    await platform[Symbol.asyncDispose]()
    platform = await startPlatform({ startWaitMs: 50 })
    platform.lifecycle.start = () => new Promise(() => {})
    const socket = await mustAttach(platform.person('viewer').cookie)
    expect(await closed(socket)).toMatchObject({ code: 4503, reason: expect.stringContaining('did not start within') })
  })

  test('a runner that is away closes with 4503', async () => {
    await platform.runner[Symbol.asyncDispose]()
    const socket = await mustAttach(platform.person('viewer').cookie)
    expect(await closed(socket)).toEqual({ code: 4503, reason: 'The sandbox cannot be reached just now.' })
  })

  test('a sandbox that was removed meanwhile is no removal of access', async () => {
    platform.sandbox.id = newId()
    const socket = await mustAttach(platform.person('owner').cookie)
    expect(await closed(socket)).toMatchObject({ code: 4503 })
  })

  test('a runner cannot set cookies on the application', async () => {
    platform.runner.upgradeHeaders = ['Set-Cookie: next-auth.session-token=stolen', 'X-Evil: 1']
    const client = connect(platform.port, '127.0.0.1')
    const { cookie } = platform.person('owner')
    client.write(
      `GET ${path()} HTTP/1.1\r\nHost: localhost\r\nOrigin: ${platform.origin}\r\nCookie: ${cookie}\r\n` +
        'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    )
    const [head] = await once(client, 'data')
    expect(String(head)).toMatch(/^HTTP\/1\.1 101 /)
    expect(String(head)).not.toMatch(/cookie|evil/i)
    client.destroy()
  })

  test('revoking cuts a live connection within a second', async () => {
    const { id, cookie } = platform.person('viewer')
    const socket = await mustAttach(cookie)
    const cut = closed(socket)
    const before = Date.now()
    platform.access.grants.delete(id)
    platform.access.changed()
    expect(await cut).toMatchObject({ code: 1006 })
    expect(Date.now() - before).toBeLessThan(REVOCATION_MS)
    expect(platform.gateway.connections()).toBe(0)
  })

  test('a higher role cuts too, and the next connection has it', async () => {
    const { id, cookie } = platform.person('viewer')
    const socket = await mustAttach(cookie)
    platform.access.grants.set(id, { role: 'editor', via: { kind: 'share', shareId: newId() } })
    platform.access.changed()
    expect(await closed(socket)).toMatchObject({ code: 1006 })
    const again = await mustAttach(cookie)
    await expect.poll(() => platform.runner.seen.map(({ claims }) => claims?.role)).toEqual(['viewer', 'editor'])
    again.terminate()
  })

  test('a role that changes while the repl starts is no refusal for good', async () => {
    const { id, cookie } = platform.person('editor')
    platform.lifecycle.start = () => new Promise(() => {})
    const opening = mustAttach(cookie)
    await expect.poll(() => platform.lifecycle.starts).toBe(1)
    grantShare(id)
    platform.access.changed()
    expect(await closed(await opening)).toEqual({ code: 4400, reason: 'Your role here has changed.' })
    expect(platform.runner.seen).toEqual([])
  })

  test('a lower role cuts, a change that leaves the role does not', async () => {
    const { id, cookie } = platform.person('editor')
    const socket = await mustAttach(cookie)
    platform.access.changed()
    socket.send('still here')
    expect(await nextMessage(socket)).toBe('still here')
    grantShare(id)
    platform.access.changed()
    expect(await closed(socket)).toMatchObject({ code: 1006 })
  })

  test('a right that is lost while the repl starts opens nothing', async () => {
    const { id, cookie } = platform.person('viewer')
    platform.lifecycle.start = () => new Promise(() => {})
    const opening = mustAttach(cookie)
    await expect.poll(() => platform.lifecycle.starts).toBe(1)
    platform.access.grants.delete(id)
    platform.access.changed()
    expect(await closed(await opening)).toMatchObject({ code: 4404 })
    expect(platform.runner.seen).toEqual([])
  })

  test('a right that cannot be confirmed after a change ends within a second', async () => {
    const { cookie } = platform.person('viewer')
    const socket = await mustAttach(cookie)
    platform.access.require = () => new Promise(() => {})
    const before = Date.now()
    platform.access.changed()
    await closed(socket)
    expect(Date.now() - before).toBeLessThan(REVOCATION_MS)
  })

  test('a share’s expiry ends its connections', async () => {
    const { id, cookie } = platform.person()
    const expiresAt = Date.now() + 400
    grantShare(id, expiresAt)
    const socket = await mustAttach(cookie)
    await closed(socket)
    expect(Date.now()).toBeGreaterThanOrEqual(expiresAt)
    expect(Date.now() - expiresAt).toBeLessThan(REVOCATION_MS)
  })

  test('signing out ends the connection at the next look', async () => {
    const { cookie } = platform.person('owner')
    const socket = await mustAttach(cookie)
    platform.signOut(cookie)
    expect(await closed(socket)).toMatchObject({ code: 1006 })
  })

  describe('of many', () => {
    const TOO_MANY = { code: 4429, reason: 'You have too many pages of this REPL open: close some.' }
    const attachAll = (cookies: string[]) => Promise.all(cookies.map(mustAttach))
    const isJoined = async (cookie: string) => {
      const socket = await mustAttach(cookie)
      socket.send('hello')
      expect(await nextMessage(socket)).toBe('hello')
      return socket
    }
    const refusal = async (cookie: string) => closed(await mustAttach(cookie))

    beforeEach(async () => {
      await platform[Symbol.asyncDispose]()
      const bounds = { socketsPerPerson: 2, socketsOfGuests: 3, socketsOfViewers: 4 }
      platform = await startPlatform({ recheckEveryMs: 100, ...bounds })
    })

    test('one person has so many, and reads why there is no further one; the others have theirs', async () => {
      const [ada, bob] = [platform.person('viewer'), platform.person('owner')]
      await attachAll([ada.cookie, ada.cookie])
      expect(await refusal(ada.cookie)).toEqual(TOO_MANY)
      await isJoined(bob.cookie)
      expect(platform.gateway.connections()).toBe(3)
    })

    test.each([
      ['closes', (socket: WebSocket) => socket.close()],
      ['breaks off', (socket: WebSocket) => socket.terminate()],
      ['is cut by the runner', () => platform.runner.cut()],
      [
        'is revoked',
        () => {
          platform.access.grants.clear()
          platform.access.changed()
        },
      ],
    ])('a socket that %s is counted no more', async (_how, end) => {
      const { id, cookie } = platform.person('editor')
      const sockets = await attachAll([cookie, cookie])
      expect(await refusal(cookie)).toEqual(TOO_MANY)
      const ends = sockets.map(closed)
      sockets.forEach(end)
      await Promise.all(ends)
      platform.access.grants.set(id, { role: 'editor', via: { kind: 'owner' } })
      await expect.poll(() => platform.gateway.connections()).toBe(0)
      await Promise.all([isJoined(cookie), isJoined(cookie)])
      expect(await refusal(cookie)).toEqual(TOO_MANY)
    })

    test('one that is being opened counts already, and no more once that has failed', async () => {
      const { cookie } = platform.person('editor')
      const starting = Promise.withResolvers<void>()
      platform.lifecycle.start = () => starting.promise
      const opening = [refusal(cookie), refusal(cookie)]
      await expect.poll(() => platform.lifecycle.starts).toBe(2)
      expect(await refusal(cookie)).toEqual(TOO_MANY)
      starting.reject(new AppError('unavailable', 'It does not start.'))
      for (const closing of await Promise.all(opening)) expect(closing).toMatchObject({ code: 4503 })
      platform.lifecycle.start = () => Promise.resolve()
      await Promise.all([isJoined(cookie), isJoined(cookie)])
    })

    test('guests, and all who only look, leave room for those who work here', async () => {
      const cookies = Array.from({ length: 3 }, () => platform.guest().cookie)
      await Promise.all(cookies.map(isJoined))
      expect(await refusal(platform.guest().cookie)).toMatchObject({
        code: 4429,
        reason: 'Too many guests look at this REPL just now: sign in, or come back in a while.',
      })
      await isJoined(platform.person('viewer').cookie)
      expect(await refusal(platform.person('viewer').cookie)).toMatchObject({
        code: 4429,
        reason: 'Too many people look at this REPL just now: come back in a while.',
      })
      await isJoined(platform.person('editor').cookie)
      await isJoined(platform.person('owner').cookie)
    })
  })
})
