import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** An account at the stand-in. GitHub's e-mail address may be private: then `email` is null and the profile says nothing. */
export interface Account {
  id: number
  login: string
  name: string | null
  email: string | null
  avatar_url?: string
  orgs?: string[]
}

/** What speaks GitHub's OAuth and profile endpoints on this machine, as documented under "Authorizing OAuth apps". */
export interface GithubStandIn extends AsyncDisposable {
  url: string
  /** Who is signed in at "GitHub" in every browser. */
  account: Account
  /** Handed out instead of a new code: somebody else's, stolen. */
  stolenCode?: string
  /** Codes handed out, newest last. */
  codes: string[]
  /** Exchanges asked for with a code that was used or never given. */
  refusedCodes: number
}

export const CLIENT_ID = 'Iv1.0123456789abcdef'
export const CLIENT_SECRET = 'stand-in-secret'

/** Starts the stand-in on a free port of `host`. */
export async function startGithub(account: Account, host = '127.0.0.1'): Promise<GithubStandIn> {
  const grants = new Map<string, { account: Account; challenge: string | null }>()
  const tokens = new Map<string, Account>()
  const server = createServer((request, response) => void handle(request, response))
  server.listen(0, host)
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0

  const standIn: GithubStandIn = {
    url: `http://${host}:${port}`,
    account,
    codes: [],
    refusedCodes: 0,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', standIn.url)
    switch (url.pathname) {
      case '/login/oauth/authorize':
        return authorize(url, response)
      case '/login/oauth/access_token':
        return exchange(request, new URLSearchParams(await text(request)), response)
      case '/user':
        return answer(response, tokenOf(request) === undefined ? 401 : 200, profileOf(tokenOf(request)))
      case '/user/orgs':
        return answer(
          response,
          200,
          (tokenOf(request)?.orgs ?? []).map((login) => ({ login })),
        )
      default:
        return answer(response, 404, { message: 'Not Found' })
    }
  }

  function authorize(url: URL, response: ServerResponse): void {
    const code = standIn.stolenCode ?? randomBytes(10).toString('hex')
    if (standIn.stolenCode === undefined) {
      grants.set(code, { account: standIn.account, challenge: url.searchParams.get('code_challenge') })
      standIn.codes.push(code)
    }
    const back = new URL(url.searchParams.get('redirect_uri') ?? '')
    back.searchParams.set('code', code)
    back.searchParams.set('state', url.searchParams.get('state') ?? '')
    response.writeHead(302, { location: back.href }).end()
  }

  function exchange(request: IncomingMessage, form: URLSearchParams, response: ServerResponse): void {
    const code = form.get('code') ?? ''
    const grant = grants.get(code)
    grants.delete(code)
    const verifier = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url')
    if (!isClient(request, form) || grant === undefined || (grant.challenge !== null && grant.challenge !== verifier)) {
      standIn.refusedCodes += 1
      return answer(response, 200, {
        error: 'bad_verification_code',
        error_description: 'The code passed is incorrect or expired.',
      })
    }
    const token = `gho_${randomBytes(18).toString('hex')}`
    tokens.set(token, grant.account)
    answer(response, 200, { access_token: token, token_type: 'bearer', scope: 'read:user' })
  }

  function tokenOf(request: IncomingMessage): Account | undefined {
    return tokens.get((request.headers.authorization ?? '').replace(/^(Bearer|token) /i, ''))
  }

  return standIn
}

function profileOf(account: Account | undefined): unknown {
  if (account === undefined) return { message: 'Bad credentials' }
  const { orgs: _orgs, ...profile } = account
  return profile
}

function isClient(request: IncomingMessage, form: URLSearchParams): boolean {
  const basic = Buffer.from((request.headers.authorization ?? '').replace(/^Basic /i, ''), 'base64').toString()
  const given = form.has('client_secret')
    ? `${form.get('client_id')}:${form.get('client_secret')}`
    : decodeURIComponent(basic)
  return given === `${CLIENT_ID}:${CLIENT_SECRET}`
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: string[] = []
  for await (const chunk of request.setEncoding('utf8')) chunks.push(String(chunk))
  return chunks.join('')
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
