import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { createConnections } from '#server/agents/connections.ts'
import { Browser, authorizeUrl, newVerifier, register } from '#server/auth/oauth/_door.ts'
import { createAuthorizationServer } from '#server/auth/oauth/authorization-server.ts'
import { createKeyring } from '#server/auth/oauth/keyring.ts'
import { createOauthRecords } from '#server/auth/oauth/records.ts'
import { createSecretBox } from '#server/auth/secret-box.ts'
import { createLog } from '#server/log.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'

const PUBLIC = 'https://devex.example.com'
const CALLBACK = 'http://localhost:51234/callback'

/** The authorization server as it is behind TLS, its own port in plain; whoever comes is signed in as one person. */
async function openServer() {
  await using opened = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'devex-consent-'))
  opened.defer(() => rm(folder, { recursive: true, force: true }))
  const stateStore = opened.use(await openSqliteStateStore({ file: join(folder, 'state.sqlite') }))
  const box = createSecretBox('s'.repeat(32))
  const log = createLog({ level: 'error', format: 'text' })
  const authorization = createAuthorizationServer({
    publicUrl: () => new URL(PUBLIC),
    auth: {
      principalOf: async () => ({
        kind: 'user',
        id: 'uaaaaaaaaaaaaaaa',
        name: 'Ada',
        hasAvatar: false,
        isAdmin: false,
      }),
    },
    userExists: async () => true,
    replOf: async () => undefined,
    keyring: createKeyring({ stateStore, box }),
    records: createOauthRecords({ stateStore, box }),
    connections: createConnections({ stateStore, log, now: Date.now }),
    cookieKey: 'a key of a test',
    log,
  })
  const server = createServer((request, response) => void authorization.handleRequest(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  opened.defer(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = z.object({ port: z.int() }).parse(server.address())
  const owned = opened.move()
  return { origin: `http://localhost:${port}`, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

test('over https, what a preview could have set for the whole domain is not the browser that asked', async () => {
  await using s = await openServer()
  const registered = await register(s.origin, { redirect_uris: [CALLBACK], token_endpoint_auth_method: 'none' })
  const { client_id: clientId } = z.object({ client_id: z.string() }).parse(await registered.json())
  const asked = { clientId, redirectUri: CALLBACK, resource: `${PUBLIC}/mcp`, scope: 'account:read' }
  const sender = new Browser(s.origin, 'nobody=x')
  const began = await sender.go(authorizeUrl(s.origin, asked, newVerifier().challenge))
  const consentUrl = began.headers.get('location') ?? ''
  const uid = consentUrl.slice('/oauth/consent/'.length)
  const answer = (browser: Browser) =>
    browser.go(consentUrl, {
      method: 'POST',
      headers: { origin: PUBLIC },
      body: JSON.stringify({ isAllowed: true, scopes: ['account:read'] }),
    })

  expect((await answer(new Browser(s.origin, `devex.oauth.interaction=${uid}`))).status).toBe(410)
  expect(began.headers.getSetCookie()).toContainEqual(
    expect.stringMatching(new RegExp(`^__Host-devex\\.oauth\\.${uid}=${uid}; Path=/; Max-Age=900; Secure; HttpOnly`)),
  )
  expect((await answer(sender)).status).toBe(200)
})
