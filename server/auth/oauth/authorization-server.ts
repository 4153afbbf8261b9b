import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Provider } from 'oidc-provider'
import type { Connections } from '#server/agents/connections.ts'
import { SMALL_BODY_MS, bodyInTime } from '#server/body-in-time.ts'
import { fetchDocument } from '#server/auth/oauth/client-documents.ts'
import type { FetchDocument } from '#server/auth/oauth/client-documents.ts'
import { consentAnswerSchema, createConsent } from '#server/auth/oauth/consent.ts'
import type { Consent, ConsentDeps } from '#server/auth/oauth/consent.ts'
import { createDocumentFetches } from '#server/auth/oauth/document-fetches.ts'
import type { Keyring } from '#server/auth/oauth/keyring.ts'
import {
  ALL_AUTHORIZATIONS_PER_MINUTE,
  ALL_REGISTRATIONS_PER_MINUTE,
  AUTHORIZATIONS_PER_MINUTE,
  MAX_AUTHORIZE_URL_BYTES,
  MAX_BODY_BYTES,
  REGISTRATIONS_PER_MINUTE,
} from '#server/auth/oauth/limits.ts'
import {
  AUTHORIZATION_PATH,
  CONSENT_PATH,
  METADATA,
  REGISTRATION_PATH,
  SESSION_COOKIE,
  createProvider,
} from '#server/auth/oauth/provider.ts'
import type { OauthRecords } from '#server/auth/oauth/records.ts'
import { serveResourceMetadata } from '#server/auth/oauth/resource-metadata.ts'
import type { Authenticator } from '#server/auth/principal.ts'
import { AppError, hangUpAfter, httpStatusOf, toAppError, toWireError } from '#server/errors.ts'
import type { Log } from '#server/log.ts'
import { createRate } from '#server/rate.ts'

/** Lets programs in on a person's word: `/oauth/*` and what of `/.well-known/*` belongs to it. */
export interface AuthorizationServer {
  consent: Consent
  /** By path and method; our consent page itself is the application's. */
  handlesRequest(request: IncomingMessage): boolean
  handleRequest(request: IncomingMessage, response: ServerResponse): Promise<void>
}

interface AuthorizationServerDeps extends Pick<ConsentDeps, 'replOf'> {
  publicUrl: () => URL
  auth: Authenticator
  userExists: (userId: string) => Promise<boolean>
  keyring: Keyring
  records: OauthRecords
  connections: Connections
  /** Signs cookies. */
  cookieKey: string
  log: Log
  /** Whether clients may be known by a document at their maker; else they register. */
  takesDocuments?: boolean
  fetchDocument?: FetchDocument
  /** How long a body may take to come. */
  bodyMs?: number
}

/** The provider's paths as they are written. It takes other spellings too, which would pass by what is limited here. */
const ROUTE = /^\/oauth\/[a-z-]+(?:\/[\w-]+)*$/

export function createAuthorizationServer(deps: AuthorizationServerDeps): AuthorizationServer {
  const { publicUrl, auth, keyring, records, connections, log, bodyMs = SMALL_BODY_MS } = deps
  const issuer = () => publicUrl().origin
  const end = async (grantId: string) => {
    const connection = await connections.get(grantId)
    if (connection !== undefined) await connections.end(connection)
  }
  const noteFailure = (work: Promise<void>) =>
    void work.catch((error: unknown) => log.error('a grant could not be kept up', error))

  const documents = createDocumentFetches(deps.fetchDocument ?? fetchDocument)
  let current: { kid: string | undefined; provider: Provider } | undefined
  /** Made anew when the keys are others. */
  const provider = async () => {
    const keys = await keyring.signingKeys()
    const kid = keys[0]?.kid
    if (current?.kid === kid && current !== undefined) return current.provider
    current = {
      kid,
      provider: createProvider({
        issuer: issuer(),
        records,
        keys,
        cookieKey: deps.cookieKey,
        userExists: deps.userExists,
        onRevoked: (grantId) => noteFailure(end(grantId)),
        onRefreshed: (clientId) => noteFailure(records.keepClient(clientId)),
        onError: (error) => log.error('the authorization server failed', error),
        takesDocuments: deps.takesDocuments ?? true,
        documents,
      }),
    }
    return current.provider
  }
  const consent = createConsent({ ...deps, provider, issuer, now: Date.now })
  const registrations = createRate(
    { each: REGISTRATIONS_PER_MINUTE, all: ALL_REGISTRATIONS_PER_MINUTE },
    { message: 'Too many programs register at once.' },
  )
  const authorizations = createRate(
    { each: AUTHORIZATIONS_PER_MINUTE, all: ALL_AUTHORIZATIONS_PER_MINUTE },
    { message: 'Too many programs ask to be let in at once.' },
  )
  const personal = createRate(
    { each: AUTHORIZATIONS_PER_MINUTE, all: Infinity },
    { message: 'Too many of your programs ask to be let in at once.' },
  )

  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = pathOf(request)
    if (serveResourceMetadata(path, response, publicUrl())) return
    if (path.startsWith(CONSENT_PATH)) return await takeAnswer(request, response)
    if (!ROUTE.test(path) && !METADATA.test(path)) throw new AppError('not_found', 'There is nothing at this address.')
    let person: string | undefined
    if (path === AUTHORIZATION_PATH) {
      if ((request.url ?? '').length > MAX_AUTHORIZE_URL_BYTES) throw longUrl()
      // Behind a proxy strangers share an address: who is signed in is not kept out by what others send.
      const who = await auth.principalOf(request.headers.cookie)
      if (who?.kind === 'user') person = who.id
      if (person !== undefined) personal(person)
      else authorizations(request.socket.remoteAddress ?? '')
    }
    if (path === REGISTRATION_PATH && request.method === 'POST') registrations(request.socket.remoteAddress ?? '')
    // The provider itself would wait for it as long as the line lasts. Read before, it is taken from here.
    if (request.method === 'POST') Object.assign(request, { body: await bodyOf(request, bodyMs) })
    request.headers['x-forwarded-proto'] = publicUrl().protocol.slice(0, -1)
    request.headers['x-forwarded-host'] = publicUrl().host
    delete request.headers['x-forwarded-for']
    // Who is signed in is our own question, asked on our own page each time: there is no second session beside ours.
    request.headers.cookie = withoutSession(request.headers.cookie)
    response.setHeader('x-frame-options', 'DENY')
    response.setHeader('content-security-policy', "default-src 'none'; frame-ancestors 'none'")
    const handle = (await provider()).callback()
    const pass = () => handle(request, response)
    if (person === undefined) await documents.asStranger(pass)
    else await documents.asPerson(person, pass)
  }

  const takeAnswer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.headers.origin !== publicUrl().origin && request.headers['sec-fetch-site'] !== 'same-origin')
      throw new AppError('forbidden', 'This may only be said on our own page.')
    const cookieHeader = request.headers.cookie
    const who = await auth.principalOf(cookieHeader)
    if (who === undefined) throw new AppError('unauthenticated', 'Sign in first.')
    const uid = pathOf(request).slice(CONSENT_PATH.length)
    const answer = consentAnswerSchema.parse(parseJson(await bodyOf(request, bodyMs)))
    sendJson(response, 200, { location: await consent.decide(who, { uid, cookieHeader }, answer) })
  }

  return {
    consent,
    handlesRequest: (request) => {
      const path = pathOf(request)
      if (path.startsWith(CONSENT_PATH)) return request.method === 'POST'
      return (
        path.startsWith('/oauth/') || METADATA.test(path) || path.startsWith('/.well-known/oauth-protected-resource')
      )
    },
    handleRequest: async (request, response) => {
      try {
        await respond(request, response)
      } catch (error) {
        const known = toAppError(error)
        if (known.code === 'internal') log.error('the authorization server failed', known, { path: pathOf(request) })
        if (response.headersSent) return void response.destroy()
        response.setHeaders(new Headers(hangUpAfter(known)))
        sendJson(response, httpStatusOf(known), { error: toWireError(known) })
      }
    },
  }
}

function withoutSession(cookieHeader: string | undefined): string {
  return (cookieHeader ?? '')
    .split(';')
    .filter((pair) => !pair.trim().startsWith(SESSION_COOKIE))
    .join(';')
}

function longUrl(): AppError {
  const most = MAX_AUTHORIZE_URL_BYTES / 1024
  return new AppError('too_large', `The address by which this program asks to be let in is longer than ${most} KiB.`, {
    advice: 'Begin again in the program; where that does not help, its makers must make the address shorter.',
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError('bad_request', 'The body is not JSON.', { cause })
  }
}

async function bodyOf(request: IncomingMessage, limitMs: number): Promise<string> {
  const tooLarge = () => new AppError('too_large', `A body has at most ${MAX_BODY_BYTES / 1024} KiB here.`)
  return (await bodyInTime(request, { maxBytes: MAX_BODY_BYTES, limitMs, tooLarge })).toString('utf8')
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(value))
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?')[0] ?? ''
}
