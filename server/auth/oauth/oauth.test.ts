import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { decodeJwt } from 'jose'
import { z } from 'zod'
import {
  Browser,
  askToken,
  authorizeUrl,
  listTools,
  newClient as newClientAt,
  newVerifier,
  openDoor,
  passConsent,
  refresh as refreshAt,
  register,
  tokensFor as tokensForAt,
} from '#server/auth/oauth/_door.ts'
import type { Door, Request } from '#server/auth/oauth/_door.ts'
import { REFRESH_LEEWAY_SECONDS } from '#server/auth/oauth/limits.ts'
import { LIMIT_MS, why } from '#server/repls/_stage.ts'

const SCOPE = 'repl:read repl:write repl:exec offline_access'

let door: Door

const newClient = (redirectUri: string, more: Record<string, unknown> = {}) => newClientAt(door, redirectUri, more)
const tokensFor = (asked: Request, scopes?: string[]) => tokensForAt(door, asked, scopes)
const list = (token: string, url = door.resource) => listTools(token, url)

const CALLBACK = 'http://localhost:51234/callback'

describe(`the authorization server${why}`, { timeout: LIMIT_MS, skip: why !== '' }, () => {
  beforeAll(async () => {
    door = await openDoor()
  }, LIMIT_MS)
  afterAll(() => door[Symbol.asyncDispose]())
  afterEach(() => void vi.useRealTimers())

  test('says of itself what clients look for', async () => {
    for (const path of ['oauth-authorization-server', 'openid-configuration']) {
      const metadata = await (await fetch(`${door.origin}/.well-known/${path}`)).json()
      expect(metadata).toMatchObject({
        issuer: door.origin,
        authorization_endpoint: `${door.origin}/oauth/authorize`,
        token_endpoint: `${door.origin}/oauth/token`,
        registration_endpoint: `${door.origin}/oauth/register`,
        revocation_endpoint: `${door.origin}/oauth/revoke`,
        code_challenge_methods_supported: ['S256'],
        client_id_metadata_document_supported: true,
        authorization_response_iss_parameter_supported: true,
        token_endpoint_auth_methods_supported: expect.arrayContaining(['none']),
        scopes_supported: expect.arrayContaining(['repl:read', 'offline_access']),
      })
    }
  })

  test('each resource says where to sign in for it; what is none says nothing', async () => {
    const base = `${door.origin}/.well-known/oauth-protected-resource`
    expect(await (await fetch(`${base}/r/${door.replId}/mcp`)).json()).toEqual({
      resource: door.resource,
      authorization_servers: [door.origin],
      scopes_supported: ['repl:read', 'repl:write', 'repl:exec'],
      bearer_methods_supported: ['header'],
      resource_name: 'A REPL on Devex',
    })
    expect(await (await fetch(base)).json()).toMatchObject({ resource: `${door.origin}/mcp` })
    expect((await fetch(`${base}/r/no/mcp`)).status).toBe(404)
  })

  test('from registration to a call, a refresh, and a token brought again much later', async () => {
    const clientId = await newClient(CALLBACK, { scope: 'repl:read something:else' })
    // Loopback matches on any port: the next start of the program listens elsewhere (RFC 8252).
    const redirectUri = 'http://localhost:60001/callback'
    const asked = { clientId, redirectUri, resource: door.resource, scope: SCOPE, more: { prompt: 'consent' } }
    const first = await tokensFor(asked)
    expect(first.view).toMatchObject({
      client: { name: 'Probe', redirectHost: 'localhost:60001', isOnThisMachine: true },
      resource: { kind: 'repl', replId: door.replId },
    })
    expect(first.view.scopes.map(({ scope }) => scope)).toEqual(['repl:read', 'repl:write', 'repl:exec'])
    expect(first.back.searchParams.get('iss')).toBe(door.origin)
    expect(first.back.searchParams.get('state')).toBe('the-state')
    expect(first.status).toBe(200)
    expect(decodeJwt(first.access)).toMatchObject({
      aud: door.resource,
      iss: door.origin,
      client_id: clientId,
      sub: door.ada.id,
      scope: 'repl:read repl:write repl:exec',
    })
    expect((await list(first.access)).status).toBe(200)

    const connections = await door.app.context.agents.connections(door.ada, door.replId)
    expect(connections).toEqual([expect.objectContaining({ kind: 'oauth', client: 'Probe', actor: 'Ada' })])

    const refresh = (token: string) => refreshAt(door, { clientId, token })
    const second = await refresh(first.refresh)
    expect(second.status).toBe(200)
    expect(second.body['refresh_token']).not.toBe(first.refresh)
    expect((await list(String(second.body['access_token']))).status).toBe(200)

    vi.useFakeTimers({ now: Date.now() + REFRESH_LEEWAY_SECONDS * 1000, toFake: ['Date'] })
    // Whoever brings a used one has stolen it, or was stolen from: nobody keeps what came of it.
    expect((await refresh(first.refresh)).body).toMatchObject({ error: 'invalid_grant' })
    expect((await refresh(String(second.body['refresh_token']))).body).toMatchObject({ error: 'invalid_grant' })
    await expect.poll(async () => (await list(first.access)).status).toBe(401)
    expect(door.lines.join('\n')).not.toContain(first.refresh)
  })

  test('a token brought again soon is good: two runs of a program share it, and answers are lost', async () => {
    const clientId = await newClient(CALLBACK)
    const first = await tokensFor({ clientId, redirectUri: CALLBACK, resource: door.resource, scope: SCOPE })
    const renew = (token: string) => refreshAt(door, { clientId, token })
    const both = await Promise.all([renew(first.refresh), renew(first.refresh)])
    vi.useFakeTimers({ now: Date.now() + (REFRESH_LEEWAY_SECONDS - 5) * 1000, toFake: ['Date'] })
    const answers = [...both, await renew(first.refresh)]
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    // Each goes on with its own, later too.
    vi.setSystemTime(Date.now() + 2 * REFRESH_LEEWAY_SECONDS * 1000)
    for (const { body } of answers) {
      expect((await list(String(body['access_token']))).status).toBe(200)
      expect((await renew(String(body['refresh_token']))).status).toBe(200)
    }
  })

  test('a client renews with the scopes that it asked for, though it never said that the person be asked (Codex)', async () => {
    const clientId = await newClient(CALLBACK)
    const first = await tokensFor({ clientId, redirectUri: CALLBACK, resource: door.resource, scope: SCOPE })
    const second = await refreshAt(door, { clientId, token: first.refresh, scope: SCOPE })
    expect(second).toMatchObject({ status: 200, body: { access_token: expect.any(String) } })
  })

  test('the person gives less than was asked for, and the program gets that', async () => {
    const clientId = await newClient(CALLBACK)
    const asked = { clientId, redirectUri: CALLBACK, resource: door.resource, scope: SCOPE }
    const { access } = await tokensFor(asked, ['repl:read'])
    expect(decodeJwt(access)['scope']).toBe('repl:read')
    const text = await (await list(access)).text()
    expect(text).toContain('read_file')
    expect(text).not.toContain('write_file')
  })

  test.each([
    ['less than the person gives', 'repl:exec'],
    ['nothing but to stay in', 'offline_access'],
    ['only what is not known here', 'something:else'],
    ['who the person is as well', 'repl:read openid'],
  ])('a program that asks for %s gets what the person gives, as their list says', async (_name, scope) => {
    const clientId = await newClient(CALLBACK)
    const given = ['repl:read', 'repl:write', 'repl:exec']
    const asked = { clientId, redirectUri: CALLBACK, resource: door.resource, scope }
    const { status, access, refresh } = await tokensFor(asked, given)
    expect(status).toBe(200)
    const { scope: got, connection } = z.object({ scope: z.string(), connection: z.string() }).parse(decodeJwt(access))
    expect(got.split(' ')).toEqual(given)
    expect(await door.app.context.agents.connections(door.ada, door.replId)).toContainEqual(
      expect.objectContaining({ id: connection, scopes: given }),
    )
    const renewed = await refreshAt(door, { clientId, token: refresh })
    expect(decodeJwt(String(renewed.body['access_token']))['scope']).toBe(got)
  })

  test('without a scope the usual ones are proposed; admin only where it was asked for, and unticked', async () => {
    const clientId = await newClient(CALLBACK)
    const asked = { clientId, redirectUri: CALLBACK, resource: door.resource }
    expect((await tokensFor(asked)).view.scopes.map(({ scope }) => scope)).not.toContain('repl:admin')
    const { view, access } = await tokensFor({ ...asked, scope: 'repl:read repl:admin' })
    expect(view.scopes).toContainEqual({ scope: 'repl:admin', isProposed: false })
    expect(decodeJwt(access)['scope']).toBe('repl:read')
  })

  test('the person says no: the program hears it', async () => {
    const clientId = await newClient(CALLBACK)
    const { challenge } = newVerifier()
    const url = authorizeUrl(door.origin, { clientId, redirectUri: CALLBACK, resource: door.resource }, challenge)
    const browser = new Browser(door.origin, door.cookie)
    const { back } = await passConsent(door, browser, { url, isAllowed: false })
    expect(back.searchParams.get('error')).toBe('access_denied')
    expect(back.searchParams.get('iss')).toBe(door.origin)
  })

  test('a program that is cut off is out at once, and its refresh token with it', async () => {
    const clientId = await newClient(CALLBACK)
    const { access, refresh } = await tokensFor({
      clientId,
      redirectUri: CALLBACK,
      resource: door.resource,
      scope: SCOPE,
    })
    expect((await list(access)).status).toBe(200)
    const { connection } = z.object({ connection: z.string() }).parse(decodeJwt(access))
    await door.app.context.agents.cut(door.ada, connection)
    expect((await list(access)).status).toBe(401)
    const again = await askToken(door.origin, {
      grant_type: 'refresh_token',
      refresh_token: refresh,
      client_id: clientId,
    })
    expect(again.body).toMatchObject({ error: 'invalid_grant' })
  })

  test('revoking a refresh token at its endpoint cuts the program off too', async () => {
    const clientId = await newClient(CALLBACK)
    const { access, refresh } = await tokensFor({
      clientId,
      redirectUri: CALLBACK,
      resource: door.resource,
      scope: SCOPE,
    })
    const body = new URLSearchParams({ token: refresh, client_id: clientId })
    expect((await fetch(`${door.origin}/oauth/revoke`, { method: 'POST', body })).status).toBe(200)
    await expect.poll(async () => (await list(access)).status).toBe(401)
  })

  test('a token for one address is nothing at another', async () => {
    const clientId = await newClient(CALLBACK)
    const account = await tokensFor({
      clientId,
      redirectUri: CALLBACK,
      resource: `${door.origin}/mcp`,
      scope: 'account:read',
    })
    expect((await list(account.access)).status).toBe(401)
    const text = await (await list(account.access, `${door.origin}/mcp`)).text()
    expect(text).toContain('list_repls')
    expect(text).not.toContain('create_repl')
  })

  test('a code is good once, with its verifier, at its address', async () => {
    const clientId = await newClient(CALLBACK)
    const asked = { clientId, redirectUri: CALLBACK, resource: door.resource, scope: SCOPE }
    const { code, verifier, access } = await tokensFor(asked)
    const exchange = {
      grant_type: 'authorization_code',
      code,
      code_verifier: verifier,
      client_id: clientId,
      redirect_uri: CALLBACK,
    }
    expect((await askToken(door.origin, exchange)).body).toMatchObject({ error: 'invalid_grant' })
    await expect.poll(async () => (await list(access)).status).toBe(401)
  })

  test('a link to the question, in another browser, is nothing: the answer would let in whoever sent it', async () => {
    const clientId = await newClient(CALLBACK)
    const { challenge } = newVerifier()
    const sender = new Browser(door.origin, 'nobody=x')
    const url = authorizeUrl(door.origin, { clientId, redirectUri: CALLBACK, resource: door.resource }, challenge)
    const consentUrl = (await sender.go(url)).headers.get('location') ?? ''
    const victim = new Browser(door.origin, door.cookie)
    const answer = await victim.go(consentUrl, {
      method: 'POST',
      headers: { origin: door.origin },
      body: JSON.stringify({ isAllowed: true, scopes: ['repl:exec'] }),
    })
    expect(answer.status).toBe(410)
    const foreign = await victim.go(consentUrl, {
      method: 'POST',
      headers: { origin: 'https://evil.example' },
      body: '{}',
    })
    expect(foreign.status).toBe(403)
  })

  test.each([
    ['no resource', { resource: undefined }, 'invalid_target'],
    ['a foreign resource', { resource: 'https://elsewhere.example/mcp' }, 'invalid_target'],
    ['no PKCE', { more: { code_challenge: '', code_challenge_method: '' } }, 'invalid_request'],
    ['plain PKCE', { more: { code_challenge_method: 'plain' } }, 'invalid_request'],
  ])('%s is refused, to the client', async (_name, change, error) => {
    const clientId = await newClient(CALLBACK)
    const { resource, ...rest } = { resource: door.resource, clientId, redirectUri: CALLBACK, scope: SCOPE, ...change }
    const asked: Request = { ...rest, ...(resource !== undefined && { resource }) }
    const response = await new Browser(door.origin, door.cookie).go(
      authorizeUrl(door.origin, asked, newVerifier().challenge),
    )
    expect(new URL(response.headers.get('location') ?? 'none:').searchParams.get('error')).toBe(error)
  })

  test('an unknown client, or a redirect that it never named, gets no redirect', async () => {
    const browser = new Browser(door.origin, door.cookie)
    const { challenge } = newVerifier()
    const ask = (clientId: string, redirectUri: string) =>
      browser.go(authorizeUrl(door.origin, { clientId, redirectUri, resource: door.resource }, challenge))
    expect((await ask('nobody', CALLBACK)).status).toBe(400)
    const clientId = await newClient(CALLBACK)
    for (const uri of [
      'https://evil.example/callback',
      'http://localhost:51234/other',
      'http://evil.example:51234/callback',
    ])
      expect((await ask(clientId, uri)).status).toBe(400)
  })

  test('a client that is gone is told so that it registers again', async () => {
    const { status, body } = await askToken(door.origin, {
      grant_type: 'refresh_token',
      refresh_token: 'x',
      client_id: 'gone',
    })
    expect([status, body['error']]).toEqual([401, 'invalid_client'])
  })

  test.each([
    ['Claude Code', 'http://localhost:3118/callback', 'http://localhost:40001/callback'],
    ['Codex', 'http://127.0.0.1:4000/callback/abc', 'http://127.0.0.1:4001/callback/abc'],
    ['opencode', 'http://127.0.0.1:19876/mcp/oauth/callback', 'http://127.0.0.1:19876/mcp/oauth/callback'],
    ['Claude', 'https://claude.ai/api/mcp/auth_callback', 'https://claude.ai/api/mcp/auth_callback'],
    ['Claude (com)', 'https://claude.com/api/mcp/auth_callback', 'https://claude.com/api/mcp/auth_callback'],
    ['Cursor, old', 'cursor://anysphere.cursor-mcp/oauth/callback', 'cursor://anysphere.cursor-mcp/oauth/callback'],
    ['Cursor', 'http://localhost:8787/callback', 'http://localhost:8787/callback'],
    [
      'Cursor agents',
      'https://www.cursor.com/agents/mcp/oauth/callback',
      'https://www.cursor.com/agents/mcp/oauth/callback',
    ],
    ['VS Code', 'https://vscode.dev/redirect', 'https://vscode.dev/redirect'],
    ['VS Code, local', 'http://127.0.0.1:33418/', 'http://127.0.0.1:40002/'],
    ['VS Code, bare', 'http://127.0.0.1/', 'http://127.0.0.1:40003/'],
    ['Gemini CLI', 'http://localhost:7777/oauth/callback', 'http://localhost:7777/oauth/callback'],
  ])('%s registers its address and comes back to it', async (_name, registered, used) => {
    const clientId = await newClient(registered)
    const { status, back } = await tokensFor({ clientId, redirectUri: used, resource: door.resource, scope: SCOPE })
    expect(status).toBe(200)
    expect(back.href.startsWith(used)).toBe(true)
  })

  test('programs that register without end are told to wait', async () => {
    const statuses = new Set<number>()
    for (let count = 0; count < 60; count++) statuses.add((await register(door.origin, {})).status)
    expect([...statuses]).toEqual([400, 429])
  })
})
