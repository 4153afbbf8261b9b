import { mkdtempSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { newId } from '#protocol/ids.ts'
import { createConnections } from '#server/agents/connections.ts'
import { Browser, askToken, authorizeUrl, newVerifier, tokensFor } from '#server/auth/oauth/_door.ts'
import { createAccessTokens } from '#server/auth/oauth/access-tokens.ts'
import { createAuthorizationServer } from '#server/auth/oauth/authorization-server.ts'
import { createKeyring } from '#server/auth/oauth/keyring.ts'
import { DOCUMENTS_PER_MINUTE, KEY_LIFE_MS } from '#server/auth/oauth/limits.ts'
import { createOauthRecords } from '#server/auth/oauth/records.ts'
import { createSecretBox } from '#server/auth/secret-box.ts'
import type { Principal } from '#server/auth/principal.ts'
import { createLog } from '#server/log.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'

const ADA: Principal = { kind: 'user', id: newId(), name: 'Ada', hasAvatar: false, isAdmin: false }

async function serve(documents: Record<string, unknown>, takesDocuments = true) {
  await using opened = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'devex-oauth-'))
  opened.defer(() => rmSync(folder, { recursive: true }))
  const stateStore = opened.use(await openSqliteStateStore({ file: join(folder, 'state.sqlite') }))
  const box = createSecretBox('a secret of a test, long enough for it')
  const log = createLog({ level: 'info', format: 'text', write: () => undefined })
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const origin = `http://localhost:${typeof address === 'object' ? address?.port : ''}`
  const fetched: string[] = []
  const authorization = createAuthorizationServer({
    publicUrl: () => new URL(origin),
    auth: { principalOf: async (cookieHeader) => (cookieHeader === undefined ? undefined : ADA) },
    userExists: async () => true,
    replOf: async () => ({ name: 'Mine', role: 'editor' }),
    keyring: createKeyring({ stateStore, box }),
    records: createOauthRecords({ stateStore, box }),
    connections: createConnections({ stateStore, log, now: Date.now }),
    cookieKey: 'a key of a test',
    log,
    takesDocuments,
    fetchDocument: async (url) => {
      fetched.push(url.href)
      const document = documents[url.href]
      return document === undefined ? new Response(null, { status: 404 }) : Response.json(document)
    },
  })
  server.on('request', (request, response) => void authorization.handleRequest(request, response))
  opened.defer(() => {
    server.close()
    server.closeAllConnections()
  })
  const owned = opened.move()
  const { consent } = authorization
  const front = { origin, consent, ada: ADA, cookie: 'a=b' }
  return { ...front, authorization, fetched, stateStore, box, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

// As these programs publish it of themselves.
const CLAUDE = 'https://claude.ai/oauth/claude-code-client-metadata'
const DOCUMENT = {
  client_id: CLAUDE,
  client_name: 'Claude Code',
  client_uri: 'https://claude.ai',
  redirect_uris: ['http://localhost/callback', 'http://127.0.0.1/callback'],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
  scope: 'something of theirs',
}

test('a server without a way to the internet says so: clients then register', async () => {
  await using s = await serve({ [CLAUDE]: DOCUMENT }, false)
  const answer = await fetch(`${s.origin}/.well-known/oauth-authorization-server`)
  const metadata = z.looseObject({ registration_endpoint: z.string() }).parse(await answer.json())
  expect(metadata).not.toHaveProperty('client_id_metadata_document_supported', true)
})

test('a client that is the address of its own document is asked about under the name of its site', async () => {
  await using s = await serve({ [CLAUDE]: DOCUMENT })
  const browser = new Browser(s.origin, 'a=b')
  const asked = {
    clientId: CLAUDE,
    redirectUri: 'http://localhost:50123/callback',
    resource: `${s.origin}/r/${newId()}/mcp`,
    scope: 'repl:read repl:exec offline_access',
    more: { prompt: 'consent' },
  }
  const location =
    (await browser.go(authorizeUrl(s.origin, asked, newVerifier().challenge))).headers.get('location') ?? ''
  const uid = location.split('/').at(-1) ?? ''
  expect(await s.authorization.consent.view(ADA, { uid, cookieHeader: browser.cookiesFor(location) })).toMatchObject({
    client: { name: 'Claude Code', vouchedBy: 'claude.ai', isOnThisMachine: true },
    resource: { name: 'Mine' },
    scopes: [
      { scope: 'repl:read', isProposed: true },
      { scope: 'repl:write', isProposed: false },
      { scope: 'repl:exec', isProposed: true },
    ],
  })
  expect(s.fetched).toEqual([CLAUDE])
})

const CHATGPT = 'https://chatgpt.com/oauth/client.json'
const CHATGPT_DOCUMENT = {
  client_id: CHATGPT,
  client_name: 'ChatGPT',
  client_uri: 'https://chatgpt.com/',
  logo_uri: 'https://persistent.oaistatic.com/sonic/misc/openai-logo.png',
  redirect_uris: ['https://chatgpt.com/connector_platform_oauth_redirect'],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'private_key_jwt',
  token_endpoint_auth_methods_supported: ['none', 'private_key_jwt'],
  token_endpoint_auth_signing_alg: 'RS256',
  jwks_uri: 'https://chatgpt.com/oauth/jwks.json',
}

test('a client that would rather prove itself, but can do without, is let in without (ChatGPT)', async () => {
  await using s = await serve({ [CHATGPT]: CHATGPT_DOCUMENT })
  const [redirectUri = ''] = CHATGPT_DOCUMENT.redirect_uris
  const asked = { clientId: CHATGPT, redirectUri, resource: `${s.origin}/r/${newId()}/mcp`, scope: 'repl:read' }
  const { view, back, status, body } = await tokensFor(s, asked)
  expect(view.client).toMatchObject({ name: 'ChatGPT', vouchedBy: 'chatgpt.com', isOnThisMachine: false })
  // It uses this address only where the answer names who gave it (RFC 9207).
  expect(back.searchParams.get('iss')).toBe(s.origin)
  expect([status, body['scope'], typeof body['refresh_token']]).toEqual([200, 'repl:read', 'string'])
  expect(s.fetched).toEqual([CHATGPT])
})

test('a way for clients to prove themselves that is not taken is neither offered nor passed over', async () => {
  const { token_endpoint_auth_methods_supported: _both, ...only } = CHATGPT_DOCUMENT
  await using s = await serve({ [CHATGPT]: only })
  const answer = await fetch(`${s.origin}/.well-known/oauth-authorization-server`)
  expect(await answer.json()).toMatchObject({
    token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post'],
  })
  const [redirectUri = ''] = only.redirect_uris
  const asked = { clientId: CHATGPT, redirectUri, resource: `${s.origin}/mcp` }
  const refused = await new Browser(s.origin, 'a=b').go(authorizeUrl(s.origin, asked, newVerifier().challenge))
  expect(refused.status).toBe(400)
  // Nor are its keys fetched from where it says: that address is unchecked.
  expect(new Set(s.fetched)).toEqual(new Set([CHATGPT]))
})

test('a document that is not there, speaks for another, or lies where none may lie lets nobody in', async () => {
  const other = 'https://example.com/client.json'
  await using s = await serve({ [other]: DOCUMENT })
  const redirectUri = 'http://localhost:50123/callback'
  const resource = `${s.origin}/mcp`
  for (const clientId of [CLAUDE, other, 'https://127.0.0.1/client.json']) {
    const browser = new Browser(s.origin, 'a=b')
    const url = authorizeUrl(s.origin, { clientId, redirectUri, resource }, newVerifier().challenge)
    expect((await browser.go(url)).headers.get('location')).toBeNull()
  }
  expect(new Set(s.fetched)).toEqual(new Set([CLAUDE, other]))
})

test('strangers have us fetch only so many documents, told to come back; a person still comes in', async () => {
  await using s = await serve({ [CHATGPT]: CHATGPT_DOCUMENT })
  const renew = (clientId: string) =>
    askToken(s.origin, { grant_type: 'refresh_token', refresh_token: 'x', client_id: clientId })
  const first = await renew('https://victim.example/0')
  expect(first).toMatchObject({ status: 400, body: { error: 'invalid_client' } })
  // It was not there a moment ago.
  expect(await renew('https://victim.example/0')).toMatchObject({
    status: 400,
    body: { error: 'temporarily_unavailable', error_description: expect.stringContaining('a moment ago') },
  })
  expect(s.fetched).toHaveLength(1)
  for (let count = 1; count < DOCUMENTS_PER_MINUTE; count++) await renew(`https://victim.example/${count}`)
  expect(await renew('https://victim.example/one-more')).toMatchObject({
    status: 400,
    body: { error: 'temporarily_unavailable', error_description: expect.stringContaining('try again in a minute') },
  })
  expect(s.fetched).toHaveLength(DOCUMENTS_PER_MINUTE)
  const [redirectUri = ''] = CHATGPT_DOCUMENT.redirect_uris
  const asked = { clientId: CHATGPT, redirectUri, resource: `${s.origin}/r/${newId()}/mcp`, scope: 'repl:read' }
  expect((await tokensFor(s, asked)).status).toBe(200)
})

test('keys are kept, encrypted, over a restart, succeeded in time, and known a while longer', async () => {
  await using s = await serve({})
  const first = await createKeyring(s).publicKeys()
  expect(await createKeyring(s).publicKeys()).toEqual(first)
  expect(JSON.stringify(await s.stateStore.list('signing-key:'))).not.toContain('"d"')
  const later = await createKeyring({ ...s, now: () => Date.now() + KEY_LIFE_MS + 1 }).publicKeys()
  expect(later.keys).toHaveLength(2)
  expect(later.keys[1]).toEqual(first.keys[0])
  const muchLater = await createKeyring({ ...s, now: () => Date.now() + 3 * KEY_LIFE_MS }).publicKeys()
  expect(muchLater.keys).toHaveLength(1)
})

test('what is no token of ours is no token', async () => {
  await using s = await serve({})
  const tokens = createAccessTokens(createKeyring(s), () => s.origin)
  await expect(tokens.verify('nonsense', `${s.origin}/mcp`)).rejects.toMatchObject({ code: 'unauthenticated' })
})
