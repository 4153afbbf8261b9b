import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import type { IncomingMessage, RequestOptions } from 'node:http'
import { connect as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { connect } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { RUNNER_ROUTES } from '#protocol/adoption.ts'
import type { OpenRequest } from '#protocol/adoption.ts'
import { newId, newSandboxId } from '#protocol/ids.ts'
import { createTokens, newSigningKey } from '#server/auth/tokens.ts'
import { temporaryAuthority } from '#server/certificates/_temporary-authority.ts'
import { freeAsRead, messageSink } from '#wire/body-sink.ts'
import { readEnv } from '../../runner-image/env.ts'
import { createLog } from '../../runner-image/log.ts'
import { startRunner } from '../../runner-image/runner.ts'

const tokens = createTokens(newSigningKey())

/** A runner as in a pod: over TLS for the control plane, on a Unix socket for the sidecar alone. */
async function startInPod() {
  const sandbox = newSandboxId()
  const folder = await mkdtemp(join(tmpdir(), 'devex-runner-pod-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const { authority } = await temporaryAuthority()
  const servername = `runner.${sandbox}.sandbox.devex`
  const { cert, key } = await authority.issue({ names: [servername], ms: 60_000 })
  await writeFile(join(folder, 'tls.crt'), cert)
  await writeFile(join(folder, 'tls.key'), key)
  for (const name of ['workspace', 'home']) await mkdir(join(folder, name))
  const socketPath = join(folder, 'runner.sock')
  const env = readEnv({
    RUNNER_SOCKET: socketPath,
    RUNNER_LISTEN: '127.0.0.1:0',
    TLS_DIR: folder,
    CONTROL_PUBLIC_KEY: tokens.publicKey,
    SANDBOX_ID: sandbox,
    WORKSPACE_DIR: join(folder, 'workspace'),
    HOME: join(folder, 'home'),
    PATH: process.env['PATH'],
  })
  const runner = await startRunner({ env, log: createLog(() => undefined), ownsNamespace: false })
  onTestFinished(() => runner[Symbol.asyncDispose]())
  const ca = await authority.trust()
  const port = runner.tlsPort ?? 0
  const dial = async (options: { servername?: string; ca?: string } = {}) => {
    const socket = connect({ port, host: '127.0.0.1', servername, ca, ...options })
    onTestFinished(() => void socket.destroy())
    await once(socket, 'secureConnect')
    return socket
  }
  /** Lets the sandbox be opened for a REPL, as its sidecar does. */
  const open = async (repl: string) => {
    const opening: OpenRequest = {
      sandbox,
      repl,
      replName: 'test',
      generation: 7,
      run: { command: 'true' },
      isolation: 'none',
      diskLimitBytes: 1024 ** 3,
    }
    expect(await statusOf({ socketPath, method: 'POST', path: RUNNER_ROUTES.open }, JSON.stringify(opening))).toBe(200)
  }
  const fromAfar = async (method: string, path: string, headers: Record<string, string> = {}) => {
    const connection = await dial()
    return await statusOf({ createConnection: () => connection, method, path, headers: { host: 'runner', ...headers } })
  }
  return { socketPath, port, dial, open, fromAfar }
}

function statusOf(options: RequestOptions, body?: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asking = request(options, (answer) => {
      answer.resume()
      answer.once('end', () => resolve(answer.statusCode))
    })
    asking.once('upgrade', (answer, socket) => {
      socket.destroy()
      resolve(answer.statusCode)
    })
    asking.once('error', reject)
    asking.end(body)
  })
}

test('S11: in a pod it is served over TLS, to whoever believes our authority and means this sandbox', async () => {
  const { dial, fromAfar, port } = await startInPod()
  expect(await fromAfar('GET', RUNNER_ROUTES.health)).toBe(200)
  await expect(dial({ servername: 'runner.another.sandbox.devex' })).rejects.toThrow(/altnames/)
  const { authority: stranger } = await temporaryAuthority()
  await expect(dial({ ca: await stranger.trust() })).rejects.toThrow(/certificate/)
  const plain = connectTcp(port, '127.0.0.1')
  plain.on('error', () => undefined)
  plain.write(`GET ${RUNNER_ROUTES.health} HTTP/1.1\r\nHost: runner\r\n\r\n`)
  const heard: unknown[] = await plain.toArray().catch(() => [])
  expect(heard.map(String).join('')).not.toContain('200 OK')
})

test('S5: from afar nobody does what the sidecar alone may: open it, end its programs, read what changes', async () => {
  const { fromAfar, socketPath } = await startInPod()
  expect(await fromAfar('POST', RUNNER_ROUTES.open)).toBe(404)
  expect(await fromAfar('POST', RUNNER_ROUTES.quiesce)).toBe(404)
  expect(await fromAfar('GET', RUNNER_ROUTES.changes)).toBe(404)
  expect(await statusOf({ socketPath, path: RUNNER_ROUTES.health })).toBe(200)
})

test('S5: files, terminals and ports are for those with a token for this REPL and generation', async () => {
  const { fromAfar, open } = await startInPod()
  const repl = newId()
  await open(repl)
  const token = (changes: { repl?: string; generation?: number } = {}) =>
    tokens.attach({ sub: newId(), repl, generation: 7, role: 'owner', actor: 'Ada', ...changes })
  const bearer = (text: string) => ({ authorization: `Bearer ${text}` })
  const upgrade = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==' } // prettier-ignore
  const files = `${RUNNER_ROUTES.files}nothing-here`
  expect(await fromAfar('GET', files)).toBe(401)
  expect(await fromAfar('GET', files, bearer(await token({ repl: newId() })))).toBe(403)
  expect(await fromAfar('GET', files, bearer(await token({ generation: 6 })))).toBe(403)
  expect(await fromAfar('GET', files, bearer(await token()))).toBe(404)
  expect(await fromAfar('GET', RUNNER_ROUTES.socket, upgrade)).toBe(401)
  expect(await fromAfar('GET', `${RUNNER_ROUTES.tunnel}?port=3000`, upgrade)).toBe(401)
  expect(await fromAfar('GET', RUNNER_ROUTES.socket, { ...upgrade, ...bearer(await token()) })).toBe(101)
})

test('10 MiB go over TLS into a file and out of it again as they are', async () => {
  const { dial, open } = await startInPod()
  const repl = newId()
  await open(repl)
  const token = await tokens.attach({ sub: newId(), repl, generation: 7, role: 'owner', actor: 'Ada' })
  const headers = { host: 'runner', authorization: `Bearer ${token}` }
  const path = `${RUNNER_ROUTES.files}large.bin`
  const body = randomBytes(10 * 1024 ** 2)
  const chunks = Array.from({ length: 160 }, (_, at) => Buffer.from(body.subarray(at * 65_536, (at + 1) * 65_536)))

  const up = await dial()
  const putting = request({ createConnection: () => up, method: 'PUT', path, headers })
  const put = once(putting, 'response')
  await pipeline(Readable.from(chunks), messageSink(putting))
  const [created]: IncomingMessage[] = await put
  expect(created?.statusCode).toBe(201)

  const down = await dial()
  const getting = request({ createConnection: () => down, path, headers }).end()
  const [answer]: IncomingMessage[] = await once(getting, 'response')
  freeAsRead(down)
  expect((await buffer(answer ?? Readable.from([]))).equals(body)).toBe(true)
})
