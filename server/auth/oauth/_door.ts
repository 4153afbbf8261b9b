import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { encode } from 'next-auth/jwt'
import { z } from 'zod'
import { LIMIT_MS, stage } from '#server/repls/_stage.ts'
import type { Stage } from '#server/repls/_stage.ts'
import type { Principal } from '#server/auth/principal.ts'
import { principalOfUser } from '#server/auth/principal.ts'
import type { Consent, ConsentView } from '#server/auth/oauth/consent.ts'

/** Where programs are let in, and the person who lets them in. */
export interface Front {
  origin: string
  consent: Consent
  ada: Principal
  cookie: string
}

/** The real application but its pages on a real port, with a person who is signed in and a REPL of theirs. */
export interface Door extends Front, AsyncDisposable {
  app: Stage['app']
  /** Opens a second control plane at the same address, the other end of the same Redis. */
  openSecond(): Promise<Turns>
  replId: string
  resource: string
  lines: string[]
}

/** Which of two control planes serves what comes next. */
export interface Turns {
  first(): void
  second(): void
  /** Each request goes to the one that did not have the last. */
  each(): void
}

export async function openDoor({ redisUrl }: { redisUrl?: string } = {}): Promise<Door> {
  await using opened = new AsyncDisposableStack()
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const origin = `http://localhost:${address.port}`
  const options = { publicUrl: new URL(origin), ...(redisUrl !== undefined && { redisUrl }) }
  const s = opened.use(await stage(options))
  const { app: first } = s
  let app = first
  let other: Stage['app'] | undefined
  server.on('request', (request, response) => {
    if (other !== undefined) [app, other] = [other, app]
    if (app.gateway.handlesRequest(request)) void app.gateway.handleRequest(request, response)
    else if (app.authorization.handlesRequest(request)) void app.authorization.handleRequest(request, response)
    else response.end('a page')
  })
  opened.defer(() => {
    server.close()
    server.closeAllConnections()
  })
  const { auth, repls } = first.context
  const ada = principalOfUser(
    await auth.users.signIn({ provider: 'local', accountId: 'owner', name: 'Ada', isAdmin: true }),
  )
  const token = await encode({ token: { sub: ada.id }, secret: auth.cookieSecret })
  const { id: replId } = await repls.create(ada, { source: { kind: 'template', template: 'empty' } })
  const owned = opened.move()
  return {
    get app() {
      return app
    },
    get consent() {
      return app.context.consent
    },
    openSecond: async () => {
      await first.lifecycle.ensureRunning(replId, AbortSignal.timeout(LIMIT_MS))
      const { app: second } = owned.use(await stage({ ...options, beside: s }))
      const only = (one: Stage['app']) => () => {
        app = one
        other = undefined
      }
      return { first: only(first), second: only(second), each: () => void (other = app === first ? second : first) }
    },
    origin,
    ada,
    cookie: `next-auth.session-token=${token}`,
    replId,
    resource: `${origin}/r/${replId}/mcp`,
    lines: s.lines,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** A browser: keeps cookies, with their paths, and follows nothing by itself. */
export class Browser {
  readonly #origin: string
  readonly #jar = new Map<string, { value: string; path: string }>()

  constructor(origin: string, cookie: string) {
    this.#origin = origin
    const [name = '', value = ''] = cookie.split('=')
    this.#jar.set(name, { value, path: '/' })
  }

  cookiesFor(path: string): string {
    return [...this.#jar]
      .filter(([, cookie]) => path.startsWith(cookie.path))
      .map(([name, { value }]) => `${name}=${value}`)
      .join('; ')
  }

  async go(to: string, init: RequestInit = {}): Promise<Response> {
    const url = new URL(to, this.#origin)
    const headers = new Headers(init.headers)
    headers.set('cookie', this.cookiesFor(url.pathname))
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split('; ')
      const at = pair.indexOf('=')
      const path = attributes.find((attribute) => /^path=/i.test(attribute))?.slice('path='.length) ?? '/'
      this.#jar.set(pair.slice(0, at), { value: pair.slice(at + 1), path })
    }
    return response
  }
}

/** What a client sends when it asks to be let in. */
export interface Request {
  clientId: string
  redirectUri: string
  resource?: string
  scope?: string
  more?: Record<string, string>
}

export function newVerifier(): { verifier: string; challenge: string } {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}

export async function register(origin: string, metadata: Record<string, unknown>): Promise<Response> {
  return fetch(`${origin}/oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(metadata),
  })
}

export function authorizeUrl(origin: string, asked: Request, challenge: string): string {
  const url = new URL('/oauth/authorize', origin)
  const parameters = {
    response_type: 'code',
    client_id: asked.clientId,
    redirect_uri: asked.redirectUri,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    state: 'the-state',
    ...(asked.resource !== undefined && { resource: asked.resource }),
    ...(asked.scope !== undefined && { scope: asked.scope }),
    ...asked.more,
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url.href
}

/** From the client's address to the redirect back to it, with the person's answer in between. */
export async function passConsent(
  front: Front,
  browser: Browser,
  { url, scopes, isAllowed = true }: { url: string; scopes?: string[]; isAllowed?: boolean },
): Promise<{ view: ConsentView; back: URL }> {
  const asked = await browser.go(url)
  const consentUrl = asked.headers.get('location') ?? ''
  if (!consentUrl.startsWith('/oauth/consent/')) throw new Error(`${asked.status} ${consentUrl} ${await asked.text()}`)
  const uid = consentUrl.slice('/oauth/consent/'.length)
  const view = await front.consent.view(front.ada, { uid, cookieHeader: browser.cookiesFor(consentUrl) })
  const proposed = view.scopes.filter(({ isProposed }) => isProposed).map(({ scope }) => scope)
  const answered = await browser.go(consentUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: front.origin },
    body: JSON.stringify({ isAllowed, scopes: scopes ?? proposed }),
  })
  const answer: unknown = await answered.json()
  if (!answered.ok || typeof answer !== 'object' || answer === null || !('location' in answer))
    throw new Error(JSON.stringify(answer))
  const resumed = await browser.go(String(answer.location))
  return { view, back: new URL(resumed.headers.get('location') ?? `failed:${await resumed.text()}`) }
}

const registrationSchema = z.object({ client_id: z.string() })

/** A program that has registered itself; its id. */
export async function newClient(
  { origin }: Pick<Front, 'origin'>,
  redirectUri: string,
  more: Record<string, unknown> = {},
): Promise<string> {
  const metadata = { client_name: 'Probe', redirect_uris: [redirectUri], token_endpoint_auth_method: 'none', ...more }
  return registrationSchema.parse(await (await register(origin, metadata)).json()).client_id
}

/** The whole way from a program's wish to its tokens; `scopes` are ticked, else those that were proposed. */
export async function tokensFor(front: Front, asked: Request, scopes?: string[]) {
  const { verifier, challenge } = newVerifier()
  const browser = new Browser(front.origin, front.cookie)
  const url = authorizeUrl(front.origin, asked, challenge)
  const { view, back } = await passConsent(front, browser, { url, ...(scopes !== undefined && { scopes }) })
  const code = back.searchParams.get('code') ?? ''
  const { status, body } = await askToken(front.origin, {
    grant_type: 'authorization_code',
    code,
    code_verifier: verifier,
    client_id: asked.clientId,
    redirect_uri: asked.redirectUri,
    resource: asked.resource ?? '',
  })
  const access = String(body['access_token'])
  return { view, back, code, verifier, status, body, access, refresh: String(body['refresh_token']) }
}

/** What a program gets for its refresh token. */
export function refresh(door: Door, { clientId, token, scope }: { clientId: string; token: string; scope?: string }) {
  const asked = { grant_type: 'refresh_token', refresh_token: token, client_id: clientId, resource: door.resource }
  return askToken(door.origin, { ...asked, ...(scope !== undefined && { scope }) })
}

/** A call that any token for the REPL may make, asleep or not. */
export function listTools(token: string, url: string): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }),
  })
}

export async function askToken(
  origin: string,
  parameters: Record<string, string>,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${origin}/oauth/token`, { method: 'POST', body: new URLSearchParams(parameters) })
  const body: unknown = await response.json()
  return { status: response.status, body: { ...(typeof body === 'object' ? body : {}) } }
}
