import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { createServer as createHttps } from 'node:https'
import type { Server } from 'node:net'
import { connect as connectTcp } from 'node:net'
import type { Duplex } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { SIDECAR_ROUTES } from '#protocol/adoption.ts'
import { temporaryAuthority } from '#server/certificates/_temporary-authority.ts'
import { startSidecar, tokens } from '#server/workspaces/_sidecar-in-pod.ts'
import { readEnv } from '../../mcp-sidecar/env.ts'
import { createCaller, readBody } from '../../mcp-sidecar/http-call.ts'
import { sayHello } from '../../mcp-sidecar/hello.ts'

async function serve(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function get(connection: Duplex, path: string, headers: Record<string, string> = {}) {
  const asking = request({ createConnection: () => connection, path, headers: { host: 'sidecar', ...headers } })
  asking.end()
  const upgraded = once(asking, 'upgrade').then(([answer, socket]) => ({ answer, socket }))
  const answered = once(asking, 'response').then(([answer]) => ({ answer, socket: undefined }))
  upgraded.catch(() => undefined)
  answered.catch(() => undefined)
  const result: { answer: IncomingMessage; socket: Duplex | undefined } = await Promise.race([upgraded, answered])
  return result
}

test('S11: in a pod it is served over TLS, to whoever believes our authority and means this sandbox', async () => {
  const { dial, port } = await startSidecar()
  const { answer } = await get(await dial(), SIDECAR_ROUTES.health)
  expect(answer.statusCode).toBe(200)
  await expect(dial({ servername: 'sidecar.another.sandbox.devex' })).rejects.toThrow(/altnames/)
  const { authority: stranger } = await temporaryAuthority()
  await expect(dial({ ca: await stranger.trust() })).rejects.toThrow(/certificate/)
  const plain = connectTcp(port, '127.0.0.1')
  plain.on('error', () => undefined)
  plain.write('GET /health HTTP/1.1\r\nHost: sidecar\r\n\r\n')
  const heard: unknown[] = await plain.toArray().catch(() => [])
  expect(heard.map(String).join('')).not.toContain('200 OK')
})

test('calls to the control plane go over connections that it opened', async () => {
  const { sandboxId, tunnel, dial } = await startSidecar()
  const control = createServer((asked, response) => response.end(`you asked for ${asked.url}`))
  const token = await tokens.sidecar({ sandbox: sandboxId, purpose: 'control' })
  const open = async () => {
    const headers = { authorization: `Bearer ${token}`, connection: 'upgrade', upgrade: 'devex-control' }
    const { socket } = await get(await dial(), SIDECAR_ROUTES.control, headers)
    control.emit('connection', socket)
    return socket
  }
  using caller = createCaller({ tunnel })
  const ask = async (path: string) => (await readBody(await caller.stream({ method: 'GET', path }), 1000)).toString()
  // Asked before the control plane came, and while it has opened fewer than there are calls.
  const early = Promise.all([ask('/a'), ask('/b')])
  const first = await open()
  const second = await open()
  expect(await early).toEqual(['you asked for /a', 'you asked for /b'])
  first?.destroy()
  second?.destroy()
  await open()
  expect(await ask('/c')).toBe('you asked for /c')
})

test('nobody opens such a connection without a token for it', async () => {
  const { sandboxId, dial } = await startSidecar()
  const upgrade = { connection: 'upgrade', upgrade: 'devex-control' }
  expect((await get(await dial(), SIDECAR_ROUTES.control, upgrade)).answer.statusCode).toBe(401)
  const other = await tokens.sidecar({ sandbox: sandboxId, purpose: 'save' })
  const headers = { ...upgrade, authorization: `Bearer ${other}` }
  expect((await get(await dial(), SIDECAR_ROUTES.control, headers)).answer.statusCode).toBe(403)
})

test('a hello that is not heard is said again, one that is refused is not', async () => {
  const heard: string[] = []
  const statuses = [503, 503, 403]
  const control = createServer((asked, response) => {
    heard.push(`${asked.method} ${asked.url} ${asked.headers.authorization}`)
    response.writeHead(statuses[heard.length - 1] ?? 200).end()
  })
  const port = await serve(control)
  const sandboxId = 's1'
  using caller = createCaller({ url: `http://127.0.0.1:${port}` })
  await sayHello(caller, { sandbox: sandboxId, address: '10.0.0.7', bootToken: 'boot' }, new AbortController().signal)
  expect(heard).toEqual(Array.from({ length: 3 }, () => 'POST /internal/hello Bearer boot'))
})

test('S11: a control plane with a certificate of somebody else gets no call', async () => {
  const { authority: ours } = await temporaryAuthority()
  const { authority: stranger } = await temporaryAuthority()
  const { cert, key } = await stranger.issue({ names: ['localhost'], ms: 60_000 })
  const heard: string[] = []
  const server = createHttps({ cert, key }, (asked, response) => {
    heard.push(asked.url ?? '')
    response.end()
  })
  const url = `https://localhost:${await serve(server)}`
  const [ourTrust, strangersTrust] = [await ours.trust(), await stranger.trust()]
  using mistrusting = createCaller({ url, ca: () => ourTrust })
  await expect(mistrusting.stream({ method: 'GET', path: '/' })).rejects.toMatchObject({ code: 'unavailable' })
  expect(heard).toEqual([])
  using trusting = createCaller({ url, ca: () => strangersTrust })
  expect((await trusting.stream({ method: 'GET', path: '/seen' })).statusCode).toBe(200)
})

test('S11: a control plane under another name than the one that was given gets no call', async () => {
  const { authority } = await temporaryAuthority()
  const heard: string[] = []
  const server = createHttps(await authority.issue({ names: ['control.devex'], ms: 60_000 }), (asked, response) => {
    heard.push(asked.url ?? '')
    response.end()
  })
  const trust = await authority.trust()
  using caller = createCaller({ url: `https://localhost:${await serve(server)}`, ca: () => trust })
  await expect(caller.stream({ method: 'GET', path: '/' })).rejects.toThrow(/altnames/)
  expect(heard).toEqual([])
})

test('S11: a control plane without TLS is not even asked', async () => {
  const { sandboxId } = await startSidecar()
  const env = {
    NODE_ENV: 'test' as const,
    SANDBOX_ID: sandboxId,
    SIDECAR_LISTEN: '0.0.0.0:7002',
    RUNNER_SOCKET: '/run/devex/runner/runner.sock',
    VOLUME_DIR: '/volume',
    STATE_DIR: '/state',
    CONTROL_PUBLIC_KEY: tokens.publicKey,
  }
  expect(() => readEnv({ ...env, CONTROL_URL: 'http://control.devex:3443' })).toThrow(/CONTROL_URL/)
  const heard: unknown[] = []
  const plain = createServer((asked, response) => {
    heard.push(asked.url)
    response.end()
  })
  const { authority } = await temporaryAuthority()
  const trust = await authority.trust()
  using caller = createCaller({ url: `https://localhost:${await serve(plain)}`, ca: () => trust })
  await expect(caller.stream({ method: 'GET', path: '/' })).rejects.toMatchObject({ code: 'unavailable' })
  expect(heard).toEqual([])
})

test('whose certificates count is read anew: a control plane that was renewed meanwhile is believed', async () => {
  const { authority: former } = await temporaryAuthority()
  const { authority: successor } = await temporaryAuthority()
  const identity = await successor.issue({ names: ['localhost'], ms: 60_000 })
  const server = createHttps(identity, (_asked, response) => response.end())
  let trusted = await former.trust()
  using caller = createCaller({ url: `https://localhost:${await serve(server)}`, ca: () => trusted })
  await expect(caller.stream({ method: 'GET', path: '/' })).rejects.toMatchObject({ code: 'unavailable' })
  trusted += await successor.trust()
  expect((await caller.stream({ method: 'GET', path: '/' })).statusCode).toBe(200)
})
