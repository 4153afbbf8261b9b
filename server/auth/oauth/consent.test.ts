import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { IncomingMessage, createServer, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { createConnections } from '#server/agents/connections.ts'
import { Browser, authorizeUrl, newClient, newVerifier, passConsent, register } from '#server/auth/oauth/_door.ts'
import { createAuthorizationServer } from '#server/auth/oauth/authorization-server.ts'
import {
  AUTHORIZATIONS_PER_MINUTE,
  MAX_AUTHORIZE_URL_BYTES,
  MAX_CLIENT_NAME_CHARS,
  MAX_METADATA_TEXT_CHARS,
  MAX_REDIRECT_URIS,
  UNUSED_CLIENT_SECONDS,
} from '#server/auth/oauth/limits.ts'
import { createKeyring } from '#server/auth/oauth/keyring.ts'
import { createOauthRecords } from '#server/auth/oauth/records.ts'
import type { Principal } from '#server/auth/principal.ts'
import { createSecretBox } from '#server/auth/secret-box.ts'
import { createLog } from '#server/log.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'

const PUBLIC = 'https://devex.example.com'
const ADA: Principal = { kind: 'user', id: 'uaaaaaaaaaaaaaaa', name: 'Ada', hasAvatar: false, isAdmin: false }
const CALLBACK = 'http://localhost:51234/callback'

interface ServerOptions {
  isBehindTls: boolean
  write?: (line: string) => void
  bodyMs?: number
}

/** The authorization server as it is behind TLS, or not, its own port in plain; whoever comes with a cookie is signed in as Ada. */
async function openServer({ isBehindTls, write = () => undefined, bodyMs }: ServerOptions) {
  await using opened = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'devex-consent-'))
  opened.defer(() => rm(folder, { recursive: true, force: true }))
  const stateStore = opened.use(await openSqliteStateStore({ file: join(folder, 'state.sqlite') }))
  const box = createSecretBox('s'.repeat(32))
  const log = createLog({ level: 'error', format: 'text', write })
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  opened.defer(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = z.object({ port: z.int() }).parse(server.address())
  const origin = `http://localhost:${port}`
  const authorization = createAuthorizationServer({
    publicUrl: () => new URL(isBehindTls ? PUBLIC : origin),
    auth: { principalOf: async (cookieHeader) => (cookieHeader === undefined ? undefined : ADA) },
    userExists: async () => true,
    replOf: async () => undefined,
    keyring: createKeyring({ stateStore, box }),
    records: createOauthRecords({ stateStore, box }),
    connections: createConnections({ stateStore, log, now: Date.now }),
    cookieKey: 'a key of a test',
    log,
    ...(bodyMs !== undefined && { bodyMs }),
  })
  server.on('request', (request, response) => void authorization.handleRequest(request, response))
  const { consent } = authorization
  const owned = opened.move()
  return { origin, consent, ada: ADA, cookie: 'a=b', [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

afterEach(() => void vi.useRealTimers())

test('over https, what a preview could have set for the whole domain is not the browser that asked', async () => {
  await using s = await openServer({ isBehindTls: true })
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

test.each([
  ['left open', undefined],
  ['answered with no', false],
  ['answered with yes', true],
])('a program whose question was %s is known, and asks again, days later', async (_name, isAllowed) => {
  await using s = await openServer({ isBehindTls: false })
  const clientId = await newClient(s, CALLBACK)
  const asked = { clientId, redirectUri: CALLBACK, resource: `${s.origin}/mcp`, scope: 'account:read' }
  const browser = new Browser(s.origin, s.cookie)
  const url = authorizeUrl(s.origin, asked, newVerifier().challenge)
  if (isAllowed === undefined) {
    const consentUrl = (await browser.go(url)).headers.get('location') ?? ''
    const uid = consentUrl.slice('/oauth/consent/'.length)
    const asking = { uid, cookieHeader: browser.cookiesFor(consentUrl) }
    // Two pages that show it at once do not get in each other's way.
    await Promise.all([s.consent.view(ADA, asking), s.consent.view(ADA, asking)])
  } else await passConsent(s, browser, { url, isAllowed })

  vi.useFakeTimers({ now: Date.now() + 2 * UNUSED_CLIENT_SECONDS * 1000, toFake: ['Date'] })
  expect((await browser.go(url)).headers.get('location')).toMatch(/^\/oauth\/consent\//)
})

test('a program that nobody was asked about is forgotten', async () => {
  await using s = await openServer({ isBehindTls: false })
  const asked = { clientId: await newClient(s, CALLBACK), redirectUri: CALLBACK, resource: `${s.origin}/mcp` }
  const url = authorizeUrl(s.origin, asked, newVerifier().challenge)
  const minutes = (count: number) => Date.now() + count * 60_000
  const [soon, later] = [minutes(55), minutes(65)]
  vi.useFakeTimers({ now: soon, toFake: ['Date'] })
  expect((await new Browser(s.origin, s.cookie).go(url)).status).toBe(303)
  vi.setSystemTime(later)
  expect((await new Browser(s.origin, s.cookie).go(url)).status).toBe(400)
})

const longest = (address: string) => address.padEnd(MAX_METADATA_TEXT_CHARS, 'x')
const addresses = (count: number) => Array.from({ length: count }, (_, at) => `${CALLBACK}/${at}`)

test.each([
  ['redirect_uris', { redirect_uris: addresses(MAX_REDIRECT_URIS + 1) }, 'redirect_uris: are more than 10: name fewer'],
  ['redirect_uris', { redirect_uris: [`${longest(CALLBACK)}x`] }, 'redirect_uris.0: is longer than 2048 characters'],
  ['client_uri', { client_uri: `${longest('https://a.example/')}x` }, 'client_uri: is longer than 2048 characters'],
  ['token_endpoint_auth_method', { token_endpoint_auth_method: longest('none') + 'x' }, 'is longer than 2048'],
])('a registration with too much in %s is refused, and says why', async (_name, more, description) => {
  await using s = await openServer({ isBehindTls: false })
  const answer = await register(s.origin, { redirect_uris: [CALLBACK], token_endpoint_auth_method: 'none', ...more })
  expect([answer.status, await answer.json()]).toEqual([
    400,
    { error: 'invalid_client_metadata', error_description: expect.stringContaining(description) },
  ])
})

test('a registration with as much as there may be is taken, its name cut and what is not used left out', async () => {
  await using s = await openServer({ isBehindTls: false })
  const answer = await register(s.origin, {
    redirect_uris: [longest(CALLBACK), ...addresses(MAX_REDIRECT_URIS - 1)],
    client_uri: longest('https://a.example/'),
    client_name: 'n'.repeat(9000),
    contacts: ['c'.repeat(9000)],
    token_endpoint_auth_method: 'none',
  })
  const text = await answer.text()
  expect([answer.status, text]).toEqual([201, expect.not.stringContaining('n'.repeat(MAX_CLIENT_NAME_CHARS + 1))])
  expect(text).not.toContain('ccc')
})

test('questions without end are told to wait, however their address is spelled; each is kept for a while', async () => {
  await using s = await openServer({ isBehindTls: false })
  const asked = { clientId: await newClient(s, CALLBACK), redirectUri: CALLBACK, resource: `${s.origin}/mcp` }
  const url = authorizeUrl(s.origin, asked, newVerifier().challenge)
  const ask = async (to: string) => (await new Browser(s.origin, s.cookie).go(to)).status
  for (const other of ['/oauth/authorize/?', '/oauth/Authorize?', '/oauth/register/?'])
    expect(await ask(url.replace('/oauth/authorize?', other))).toBe(404)

  const shortened = url + '&state2='
  const long = shortened + 'x'.repeat(s.origin.length + MAX_AUTHORIZE_URL_BYTES - shortened.length)
  expect(await ask(long)).toBe(303)
  const tooLong = await fetch(`${long}x`, { redirect: 'manual' })
  expect(tooLong.status).toBe(413)
  expect(await tooLong.text()).toContain('longer than 8 KiB')

  const statuses = new Set<number>()
  const stranger = async () => (await fetch(url, { redirect: 'manual' })).status
  for (let count = 0; count <= AUTHORIZATIONS_PER_MINUTE; count++) statuses.add(await stranger())
  expect([...statuses]).toEqual([303, 429])
  // Strangers at the same address keep out nobody who is signed in; each of those has a bound of their own.
  expect(await ask(url)).toBe(303)
  for (let count = 2; count < AUTHORIZATIONS_PER_MINUTE; count++) await ask(url)
  expect(await ask(url)).toBe(429)
})

test('what it says of itself, asked for in another way than by reading, is no fault of the server', async () => {
  const lines: string[] = []
  await using s = await openServer({ isBehindTls: false, write: (line) => void lines.push(line) })
  using stderr = vi.spyOn(console, 'error')
  const ask = (method: string) => fetch(`${s.origin}/.well-known/oauth-authorization-server`, { method })
  expect((await ask('OPTIONS')).status).toBe(404)
  expect((await ask('POST')).status).toBe(404)
  const preflight = { origin: 'https://inspector.example', 'access-control-request-method': 'GET' }
  const options = { method: 'OPTIONS', headers: preflight }
  expect((await fetch(`${s.origin}/.well-known/oauth-authorization-server`, options)).status).toBe(204)
  expect((await ask('HEAD')).status).toBe(200)
  expect(lines).toEqual([])
  expect(stderr).not.toHaveBeenCalled()
})

test.each([
  ['/oauth/register', 'application/json'],
  ['/oauth/token', 'application/x-www-form-urlencoded'],
  ['/oauth/revoke', 'application/x-www-form-urlencoded'],
  ['/oauth/consent/anything', 'application/json'],
])('the body of a POST to %s is waited for only so long, then its line is hung up on', async (path, type) => {
  await using s = await openServer({ isBehindTls: false, bodyMs: 20 })
  const half = request(new URL(path, s.origin), {
    method: 'POST',
    agent: false,
    headers: { 'content-type': type, 'content-length': 100, cookie: 'a=b', origin: s.origin },
  })
  half.write('{')
  const [answer]: unknown[] = await once(half, 'response')
  const { statusCode, headers } = z.instanceof(IncomingMessage).parse(answer)
  expect([statusCode, headers.connection]).toEqual([408, 'close'])
  half.destroy()
})
