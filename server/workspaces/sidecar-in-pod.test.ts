import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { connect as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { connect } from 'node:tls'
import { afterEach, expect, test } from 'vitest'
import { SIDECAR_ROUTES } from '#protocol/adoption.ts'
import { newSandboxId } from '#protocol/ids.ts'
import { temporaryAuthority } from '#server/certificates/_temporary-authority.ts'
import { createTokens, newSigningKey } from '#server/auth/tokens.ts'
import { AdoptedSandbox } from '../../mcp-sidecar/adopt.ts'
import { createAuthorize } from '../../mcp-sidecar/authorize.ts'
import { ControlTunnel } from '../../mcp-sidecar/control-tunnel.ts'
import { createCaller, readBody } from '../../mcp-sidecar/http-call.ts'
import { sayHello } from '../../mcp-sidecar/hello.ts'
import { listen } from '../../mcp-sidecar/server.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

const tokens = createTokens(newSigningKey())
const sandboxId = newSandboxId()

/** A sidecar as in a pod: over TLS only, its calls to the control plane through connections that are opened to it. */
async function startSidecar() {
  const { authority: ca } = await temporaryAuthority()
  const folder = await mkdtemp(join(tmpdir(), 'devex-pod-'))
  cleanups.push(() => rm(folder, { recursive: true }))
  const servername = `sidecar.${sandboxId}.sandbox.devex`
  const { cert, key } = await ca.issue({ names: [servername], ms: 60_000 })
  await writeFile(join(folder, 'tls.crt'), cert)
  await writeFile(join(folder, 'tls.key'), key)
  const tunnel = new ControlTunnel()
  const server = await listen({
    listen: { tls: { address: { host: '127.0.0.1', port: 0 }, folder } },
    sandboxId,
    sandbox: new AdoptedSandbox({
      sandboxId,
      makeWorkspace: () => {
        throw new Error('nobody adopts it here')
      },
      log: () => undefined,
    }),
    authorize: createAuthorize({ publicKeyPem: tokens.publicKey, sandboxId }),
    tunnel,
  })
  cleanups.push(() => server[Symbol.asyncDispose]())
  const trust = await ca.trust()
  const dial = async (options: { servername?: string; ca?: string } = {}) => {
    const socket = connect({ port: server.tlsPort ?? 0, host: '127.0.0.1', servername, ca: trust, ...options })
    cleanups.push(() => socket.destroy())
    await once(socket, 'secureConnect')
    return socket
  }
  return { tunnel, dial, port: server.tlsPort ?? 0 }
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
  const { tunnel, dial } = await startSidecar()
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
  const { dial } = await startSidecar()
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
  await once(control.listen(0, '127.0.0.1'), 'listening')
  cleanups.push(() => control.close())
  const address = control.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  using caller = createCaller({ url: `http://127.0.0.1:${port}` })
  await sayHello(caller, { sandbox: sandboxId, address: '10.0.0.7', bootToken: 'boot' }, new AbortController().signal)
  expect(heard).toEqual(Array.from({ length: 3 }, () => 'POST /internal/hello Bearer boot'))
})

test('S11: a control plane with a certificate of somebody else gets no call', async () => {
  const { authority: ours } = await temporaryAuthority()
  const { authority: stranger } = await temporaryAuthority()
  const { cert, key } = await stranger.issue({ names: ['localhost'], ms: 60_000 })
  const { createServer: createHttps } = await import('node:https')
  const heard: string[] = []
  const server = createHttps({ cert, key }, (asked, response) => {
    heard.push(asked.url ?? '')
    response.end()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  cleanups.push(() => server.close())
  const address = server.address()
  const url = `https://localhost:${typeof address === 'object' && address !== null ? address.port : 0}`
  using mistrusting = createCaller({ url, ca: await ours.trust() })
  await expect(mistrusting.stream({ method: 'GET', path: '/' })).rejects.toMatchObject({ code: 'unavailable' })
  expect(heard).toEqual([])
  using trusting = createCaller({ url, ca: await stranger.trust() })
  expect((await trusting.stream({ method: 'GET', path: '/seen' })).statusCode).toBe(200)
})
