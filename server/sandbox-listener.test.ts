import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import type { ConnectionOptions } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { INTERNAL_ROUTES } from '#protocol/adoption.ts'
import { newId, newSandboxId } from '#protocol/ids.ts'
import { createTokens, newSigningKey } from '#server/auth/tokens.ts'
import { temporaryAuthority } from '#server/certificates/_temporary-authority.ts'
import { AppError } from '#server/errors.ts'
import { createLog } from '#server/log.ts'
import { openDiskObjectStore } from '#server/object-store/disk.ts'
import { listenForSandboxes } from '#server/sandbox-listener.ts'
import { createInternalApi } from '#server/workspaces/internal-api.ts'
import { createCaller } from '../mcp-sidecar/http-call.ts'
import { sayHello } from '../mcp-sidecar/hello.ts'

const tokens = createTokens(newSigningKey())
const log = createLog({ level: 'error', format: 'text' })

async function startListener({ renewEveryMs }: { renewEveryMs?: number } = {}) {
  const { authority } = await temporaryAuthority()
  const folder = await mkdtemp(join(tmpdir(), 'devex-listener-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const objectStore = await openDiskObjectStore({ folder, signingKey: Buffer.alloc(32) })
  const heard: string[] = []
  const nobody = () => Promise.reject(new AppError('forbidden', 'No repl runs here.'))
  const serve = createInternalApi({
    objectStore,
    tokens,
    events: { authorize: nobody, committed: nobody, reported: nobody },
    onHello: async (sandboxId, address) => void heard.push(`${sandboxId} ${address}`),
    log,
  })
  const listener = await listenForSandboxes({
    authority,
    name: 'localhost',
    host: '127.0.0.1',
    port: 0,
    serve,
    log,
    ...(renewEveryMs !== undefined && { renewEveryMs }),
  })
  onTestFinished(() => listener[Symbol.asyncDispose]())
  return { authority, heard, port: listener.port, ca: await authority.trust() }
}

/** Number of the certificate that is shown to who connects. */
async function numberShown(options: ConnectionOptions): Promise<string> {
  const socket = connect({ host: '127.0.0.1', servername: 'localhost', ...options })
  try {
    await once(socket, 'secureConnect')
    return socket.getPeerCertificate().serialNumber
  } finally {
    socket.destroy()
  }
}

test('S11: sandboxes are served over TLS 1.3 alone, by whoever has the name that they were given', async () => {
  const { port, ca } = await startListener()
  expect(await numberShown({ port, ca })).toMatch(/^[0-9A-F]+$/)
  await expect(numberShown({ port, ca, servername: 'elsewhere.devex' })).rejects.toThrow(/altnames/)
  await expect(numberShown({ port, ca, maxVersion: 'TLSv1.2' })).rejects.toThrow(/version/)
  const { authority: stranger } = await temporaryAuthority()
  await expect(numberShown({ port, ca: await stranger.trust() })).rejects.toThrow(/certificate/)
  const plain = connectTcp(port, '127.0.0.1')
  plain.on('error', () => undefined)
  plain.write(`GET ${INTERNAL_ROUTES.head} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  const heard: unknown[] = await plain.toArray().catch(() => [])
  expect(heard.map(String).join('')).not.toContain('HTTP/1.1')
})

test('its certificate is renewed while it runs', async () => {
  const { port, ca } = await startListener({ renewEveryMs: 20 })
  const first = await numberShown({ port, ca })
  await expect.poll(() => numberShown({ port, ca })).not.toBe(first)
})

test('a sidecar says hello: who it is, as its token says, and where', async () => {
  const { port, ca, heard } = await startListener()
  using caller = createCaller({ url: `https://localhost:${port}`, ca: () => ca })
  const sandbox = newSandboxId()
  const bootToken = await tokens.boot({ sandbox })
  await sayHello(caller, { sandbox, address: '10.1.2.3', bootToken }, new AbortController().signal)
  expect(heard).toEqual([`${sandbox} 10.1.2.3`])
})

test('S4: a hello with another sandbox’s token, or a token for something else, is refused; and its token opens nothing else', async () => {
  const { port, ca, heard } = await startListener()
  using caller = createCaller({ url: `https://localhost:${port}`, ca: () => ca })
  const sandbox = newSandboxId()
  const ask = async (path: string, token: string, body?: unknown) => {
    const { statusCode } = await caller.stream({
      method: body === undefined ? 'GET' : 'POST',
      path,
      headers: { authorization: `Bearer ${token}` },
      ...(body !== undefined && { body: Buffer.from(JSON.stringify(body)) }),
    })
    return statusCode
  }
  const hello = { sandbox, address: '10.1.2.3' }
  expect(await ask(INTERNAL_ROUTES.hello, await tokens.boot({ sandbox: newSandboxId() }), hello)).toBe(403)
  const generation = await tokens.generation({ sandbox, repl: newId(), generation: 1 })
  expect(await ask(INTERNAL_ROUTES.hello, generation, hello)).toBe(401)
  expect(await ask(INTERNAL_ROUTES.hello, await tokens.sidecar({ sandbox, purpose: 'save' }), hello)).toBe(401)
  expect(await ask(INTERNAL_ROUTES.head, await tokens.boot({ sandbox }))).toBe(401)
  expect(heard).toEqual([])
})
