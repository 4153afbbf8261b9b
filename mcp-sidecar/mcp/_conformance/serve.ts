import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { InMemoryServerEventBus } from '@modelcontextprotocol/server'
import { SignJWT } from 'jose'
import type { AgentScope } from '#protocol/agents.ts'
import type { ErrorCode } from '#protocol/errors.ts'
import { newId, newSandboxId } from '#protocol/ids.ts'
import { createIdentify } from '../caller.ts'
import { createMcpEndpoint } from '../endpoint.ts'
import type { McpEndpoint } from '../endpoint.ts'
import type { Offer } from '../offer.ts'
import { createConformancePack } from './pack.ts'
import { stateCodec } from './asking.ts'
import { toWireError } from '../../sidecar-error.ts'

/** The endpoint on a port of this machine, for clients that cannot dial a Unix socket. */
export interface ServedEndpoint extends AsyncDisposable {
  url: string
  endpoint: McpEndpoint
  token(scopes?: AgentScope[], overrides?: Record<string, unknown>): Promise<string>
  /** Puts a token into requests that come without: the suites cannot. */
  presents(token: string): void
}

export async function serveEndpoint(
  offers: readonly Offer[] = [],
  { isConformance = false } = {},
): Promise<ServedEndpoint> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const owner = { repl: newId(), generation: 1 }
  const sandboxId = newSandboxId()
  const bus = new InMemoryServerEventBus()
  const endpoint = createMcpEndpoint({
    identify: createIdentify({
      publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      sandboxId,
      owner: () => owner,
    }),
    offers: [...(isConformance ? [createConformancePack(bus)] : []), ...offers],
    bus,
    more: isConformance
      ? { requestState: { verify: (state, context) => stateCodec.verify(state, context) } }
      : undefined,
    onError: () => undefined,
  })
  let presented: string | undefined
  const server = createServer((request, response) => {
    if (presented !== undefined) request.headers.authorization ??= `Bearer ${presented}`
    // The gateway's business in the product.
    if (isForeign(request.headers.host) || isForeign(request.headers.origin)) {
      response.writeHead(403).end()
      return
    }
    endpoint.handle(request, response).catch((error: unknown) => {
      const wire = toWireError(error)
      const status = STATUSES.get(wire.code) ?? 500
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: wire }))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    endpoint,
    url: `http://localhost:${port}/mcp`,
    token: (scopes = ['repl:read', 'repl:write', 'repl:exec', 'repl:admin'], overrides = {}) =>
      new SignJWT({
        aud: 'mcp',
        sub: newId(),
        ...owner,
        sandbox: sandboxId,
        scopes,
        actor: 'Ada',
        client: 'Test agent',
        connection: 'c1',
        exp: Math.floor(Date.now() / 1000) + 3600,
        ...overrides,
      })
        .setProtectedHeader({ alg: 'EdDSA' })
        .sign(privateKey),
    presents: (token) => {
      presented = token
    },
    [Symbol.asyncDispose]: async () => {
      await endpoint[Symbol.asyncDispose]()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const STATUSES = new Map<ErrorCode, number>([
  ['unauthenticated', 401],
  ['forbidden', 403],
  ['too_large', 413],
  ['unavailable', 503],
])

function isForeign(host: string | undefined): boolean {
  return host !== undefined && !/^(https?:\/\/)?(localhost|127\.0\.0\.1)(:\d+)?$/.test(host)
}
