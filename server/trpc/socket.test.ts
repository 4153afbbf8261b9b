import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect as connectTcp } from 'node:net'
import type { AddressInfo } from 'node:net'
import { encode } from 'next-auth/jwt'
import { describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { CLOSE_CODES } from '#protocol/errors.ts'
import { createAuth } from '#server/auth/auth.ts'
import type { Authenticator } from '#server/auth/principal.ts'
import { createSecretBox } from '#server/auth/secret-box.ts'
import { eventually, openTestBed, reached, user } from '#server/repls/_domain.ts'
import { createLog } from '#server/log.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'
import { appOf, createPeople } from '#server/trpc/_app.ts'
import { MAX_SOCKET_MESSAGE_BYTES, MAX_SUBSCRIPTIONS_PER_SOCKET, RECHECK_EVERY_MS } from '#server/trpc/limits.ts'
import { createTrpcSocket } from '#server/trpc/socket.ts'

const addressSchema = z.custom<AddressInfo>((value) => typeof value === 'object' && value !== null && 'port' in value)

/** The subscriptions' socket behind a real server, with somebody signed in, or whoever `auth` knows. */
async function stage(auth?: Authenticator) {
  await using opened = new AsyncDisposableStack()
  const b = opened.use(await openTestBed(openSqliteStateStore))
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  opened.defer(() => void server.close())
  const { port } = addressSchema.parse(server.address())
  const origin = `http://127.0.0.1:${port}`
  const people = createPeople()
  const app = appOf(b, { people: auth ?? people, publicUrl: new URL(origin) })
  const socket = opened.use(createTrpcSocket(app))
  server.on('upgrade', socket.handleUpgrade)
  const ada = user('Ada')
  const cookie = people.signIn(ada)
  const connect = (headers: Record<string, string>) => new WebSocket(`ws://127.0.0.1:${port}/ws/trpc`, { headers })
  const owned = opened.move()
  return { b, ada, people, origin, port, cookie, connect, socket, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

async function closeOf(client: WebSocket): Promise<number> {
  const [code] = z.tuple([z.int(), z.unknown()]).parse(await once(client, 'close'))
  return code
}

const messageSchema = z.object({
  result: z.object({ type: z.string(), data: z.unknown().optional() }).optional(),
  error: z.object({ data: z.object({ error: z.object({ code: z.string() }) }) }).optional(),
})

function subscribe(client: WebSocket, path: string, input?: object) {
  const messages: z.output<typeof messageSchema>[] = []
  client.on('message', (data) => {
    if (Buffer.isBuffer(data)) messages.push(messageSchema.parse(JSON.parse(data.toString())))
  })
  client.send(JSON.stringify({ id: 1, method: 'subscription', params: { path, input } }))
  return messages
}

describe('the socket of subscriptions', () => {
  test('shows a repl through its life', async () => {
    await using s = await stage()
    const { id } = await s.b.domain.repls.create(s.ada, { source: { kind: 'template', template: 'node' } })
    const client = s.connect({ cookie: s.cookie, origin: s.origin })
    await once(client, 'open')
    const messages = subscribe(client, 'repls.watch', { replId: id })
    await eventually(() => JSON.stringify(messages)).toContain('"kind":"running"')
    expect(client.readyState).toBe(WebSocket.OPEN)
  })

  test('S5: signing out ends what is open with that cookie, at the next look, and nobody else’s', async () => {
    await using b = await openTestBed(openSqliteStateStore)
    const auth = createAuth({
      stateStore: b.stateStore,
      box: createSecretBox('s'.repeat(32)),
      github: undefined,
      isLoopback: true,
      isSecure: false,
      resolveGuest: async () => undefined,
      log: createLog({ level: 'error', format: 'text' }),
    })
    const { id } = await auth.users.signIn({ provider: 'local', accountId: 'owner', name: 'Ada', isAdmin: true })
    const newCookie = async () =>
      `next-auth.session-token=${await encode({ token: { sub: id }, secret: auth.cookieSecret })}`
    const [ended, other] = [await newCookie(), await newCookie()]
    await using s = await stage(auth)
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    try {
      const clients = [ended, other].map((cookie) => s.connect({ cookie, origin: s.origin }))
      await Promise.all(clients.map((client) => once(client, 'open')))
      const [client, stays] = clients
      if (client === undefined || stays === undefined) throw new Error('two were opened')
      const closed = closeOf(client)
      await auth.signOut(ended)
      vi.advanceTimersByTime(RECHECK_EVERY_MS)
      expect(await closed).toBe(CLOSE_CODES.unauthenticated)
      const messages = subscribe(stays, 'repls.watchList')
      await eventually(() => messages.some(({ result }) => result?.type === 'data')).toBe(true)
    } finally {
      vi.useRealTimers()
    }
  })

  test('what breaks the protocol while it is turned away ends that connection alone, not the server', async () => {
    await using s = await stage()
    const stranger = connectTcp(s.port, '127.0.0.1')
    const head = ['GET /ws/trpc HTTP/1.1', `Host: 127.0.0.1:${s.port}`, `Origin: ${s.origin}`, 'Connection: Upgrade']
    const key = ['Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']
    stranger.write([...head, ...key, '', ''].join('\r\n'))
    // A frame with reserved bits set (RFC 6455 §5.2), right behind the request.
    stranger.write(Buffer.of(0xf1, 0x80, 0, 0, 0, 0))
    stranger.resume()
    await once(stranger, 'close')
    const client = s.connect({ cookie: s.cookie, origin: s.origin })
    await once(client, 'open')
    expect(client.readyState).toBe(WebSocket.OPEN)
  })

  test('S9: a foreign page and nobody are turned away with a code that says which', async () => {
    await using s = await stage()
    expect(await closeOf(s.connect({ cookie: s.cookie, origin: 'https://evil.example' }))).toBe(CLOSE_CODES.forbidden)
    expect(await closeOf(s.connect({ cookie: s.cookie }))).toBe(CLOSE_CODES.forbidden)
    expect(await closeOf(s.connect({ origin: s.origin }))).toBe(CLOSE_CODES.unauthenticated)
    expect(await closeOf(s.connect({ cookie: 'who=forged', origin: s.origin }))).toBe(CLOSE_CODES.unauthenticated)
  })

  test('revoking a link ends its subscription with forbidden, within a second', async () => {
    await using s = await stage()
    const { id } = await s.b.domain.repls.create(s.ada, { source: { kind: 'template', template: 'node' } })
    await reached(s.b.domain, s.ada, { replId: id, kinds: ['running'] })
    const { share, token } = await s.b.domain.shares.create(s.ada, id, { role: 'viewer', allowSignedOut: false })
    const bob = user('Bob')
    await s.b.domain.shares.redeem(bob, token)
    const client = s.connect({ cookie: s.people.signIn(bob), origin: s.origin })
    await once(client, 'open')
    const messages = subscribe(client, 'repls.watch', { replId: id })
    await eventually(() => messages.some(({ result }) => result?.type === 'data')).toBe(true)
    await s.b.domain.shares.revoke(s.ada, id, share.id)
    const codes = () => messages.map(({ error }) => error?.data.error.code)
    await expect.poll(codes, { timeout: 1000, interval: 10 }).toContain('forbidden')
  })

  test('one connection has a bounded number of subscriptions, and one that ends makes room', async () => {
    await using s = await stage()
    const client = s.connect({ cookie: s.cookie, origin: s.origin })
    await once(client, 'open')
    const answers: { id?: unknown; result?: { type: string }; error?: { data: { error: { code: string } } } }[] = []
    client.on('message', (data) => Buffer.isBuffer(data) && answers.push(JSON.parse(data.toString())))
    const ask = (id: number) =>
      client.send(JSON.stringify({ id, method: 'subscription', params: { path: 'repls.watchList' } }))
    const codes = () => answers.flatMap(({ id, error }) => (error === undefined ? [] : [[id, error.data.error.code]]))
    const started = () => answers.filter(({ result }) => result?.type === 'started').length
    for (let id = 1; id <= MAX_SUBSCRIPTIONS_PER_SOCKET + 1; id++) ask(id)
    await eventually(codes).toEqual([[MAX_SUBSCRIPTIONS_PER_SOCKET + 1, 'rate_limited']])
    await eventually(started).toBe(MAX_SUBSCRIPTIONS_PER_SOCKET)
    client.send(JSON.stringify({ id: 1, method: 'subscription.stop' }))
    await eventually(() => answers.some(({ id, result }) => id === 1 && result?.type === 'stopped')).toBe(true)
    ask(1000)
    await eventually(started).toBe(MAX_SUBSCRIPTIONS_PER_SOCKET + 1)
    expect(codes()).toHaveLength(1)
  })

  test('a message that is too long closes the connection, and others go on', async () => {
    await using s = await stage()
    const other = s.connect({ cookie: s.cookie, origin: s.origin })
    const client = s.connect({ cookie: s.cookie, origin: s.origin })
    await Promise.all([once(client, 'open'), once(other, 'open')])
    client.send('x'.repeat(MAX_SOCKET_MESSAGE_BYTES + 1))
    expect(await closeOf(client)).toBe(1009)
    const messages = subscribe(other, 'repls.watchList')
    await eventually(() => messages.some(({ result }) => result?.type === 'data')).toBe(true)
  })

  test('frames that are no messages do no harm', async () => {
    await using s = await stage()
    const client = s.connect({ cookie: s.cookie, origin: s.origin })
    await once(client, 'open')
    client.send('{broken')
    client.send(JSON.stringify({ id: 9, method: 'subscription', params: { path: 'repls.__proto__' } }))
    client.send(Buffer.from([0, 255, 1]))
    const messages = subscribe(client, 'repls.watchList')
    await eventually(() => messages.some(({ result }) => result?.type === 'data')).toBe(true)
    expect(client.readyState).toBe(WebSocket.OPEN)
  })

  test('disposing says that the server is stopping and leaves no connection', async () => {
    await using s = await stage()
    const client = s.connect({ cookie: s.cookie, origin: s.origin })
    await once(client, 'open')
    const closed = closeOf(client)
    await s.socket[Symbol.asyncDispose]()
    expect(await closed).toBe(CLOSE_CODES.unavailable)
  })
})
