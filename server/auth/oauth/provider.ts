import { Provider, errors, interactionPolicy } from 'oidc-provider'
import type { Configuration } from 'oidc-provider'
import { z } from 'zod'
import { clientMetadata } from '#server/auth/oauth/client-metadata.ts'
import { allowsDocument } from '#server/auth/oauth/client-documents.ts'
import type { DocumentFetches } from '#server/auth/oauth/document-fetches.ts'
import type { SigningJwk } from '#server/auth/oauth/keyring.ts'
import {
  ACCESS_TOKEN_SECONDS,
  CODE_SECONDS,
  DOCUMENT_CACHE_SECONDS,
  GRANT_SECONDS,
  INTERACTION_SECONDS,
  REFRESH_TOKEN_SECONDS,
} from '#server/auth/oauth/limits.ts'
import type { OauthRecords } from '#server/auth/oauth/records.ts'
import { resourceOf, scopesOf } from '#server/auth/oauth/resources.ts'
import { toAppError } from '#server/errors.ts'

/** Where our page asks the person; the interaction's id follows. */
export const CONSENT_PATH = '/oauth/consent/'
const CONSENT_LOCATION = /^\/oauth\/consent\/([\w-]+)$/
const INTERACTION_COOKIE = 'devex.oauth.interaction'

/**
 * By this, with the question's id as its value, the browser that asked is known again. Over https its name is one that no
 * other host of the same domain can set, as a preview's script could: it would be asked in the place of somebody else.
 */
export function askerCookie(issuer: string, uid: string): string {
  return isSecure(issuer) ? `__Host-devex.oauth.${uid}` : INTERACTION_COOKIE
}

export const SESSION_COOKIE = 'devex.oauth.session'
export const REGISTRATION_PATH = '/oauth/register'
export const AUTHORIZATION_PATH = '/oauth/authorize'

/** Where it says of itself what it can (RFC 8414; the other is OpenID's name for the same). */
export const METADATA = /^\/\.well-known\/(?:oauth-authorization-server|openid-configuration)$/

const SCOPES = [...scopesOf({ kind: 'repl' }), ...scopesOf({ kind: 'account' }), 'offline_access']
/** A request whose body the authorization server has read. */
const bodySchema = z.object({ body: z.string() })
const metadataSchema = z.looseObject({ scopes_supported: z.array(z.string()) })

interface ProviderOptions {
  issuer: string
  records: OauthRecords
  keys: SigningJwk[]
  cookieKey: string
  userExists: (userId: string) => Promise<boolean>
  onRevoked: (grantId: string) => void
  onRefreshed: (clientId: string) => void
  onError: (error: Error) => void
  takesDocuments: boolean
  documents: Pick<DocumentFetches, 'fetch' | 'refusal'>
}

/** The authorization server (OAuth 2.1 with RFC 7591, 7636, 8414, 8707, 9068, 9207), as MCP clients need it. */
export function createProvider(options: ProviderOptions): Provider {
  const provider = new Provider(options.issuer, configurationOf(options))
  // We stand behind a proxy to ourselves: where browsers reach us is said in headers that we set.
  provider.proxy = true
  provider.use(async (ctx, next) => {
    if (ctx.path === REGISTRATION_PATH && ctx.method === 'POST') {
      const registration = registrationIn(bodySchema.parse(ctx.req).body)
      if ('error' in registration) {
        ctx.status = 400
        ctx.body = registration
        return
      }
      Object.assign(ctx.req, { body: registration })
    }
    await next()
    const [, uid] = CONSENT_LOCATION.exec(ctx.response.get('location')) ?? []
    if (uid !== undefined && isSecure(options.issuer)) ctx.append('Set-Cookie', askerCookieLine(options.issuer, uid))
    // It lists its own scopes only; those of resources are what clients look for. An answer to OPTIONS or POST has none.
    if (METADATA.test(ctx.path) && ctx.status === 200)
      ctx.body = { ...metadataSchema.parse(ctx.body), scopes_supported: SCOPES }
  })
  provider.on('grant.revoked', (_ctx, grantId) => options.onRevoked(grantId))
  provider.on('grant.success', (ctx) => {
    const { client } = ctx.oidc
    if (client !== undefined && ctx.oidc.params?.['grant_type'] === 'refresh_token')
      options.onRefreshed(client.clientId)
  })
  provider.on('server_error', (_ctx, error) => options.onError(error))
  return provider
}

function configurationOf(options: ProviderOptions): Configuration {
  const { issuer, records, keys, cookieKey, userExists } = options
  return {
    adapter: (kind: string) => records.of(kind),
    jwks: { keys },
    routes: {
      authorization: AUTHORIZATION_PATH,
      token: '/oauth/token',
      registration: REGISTRATION_PATH,
      revocation: '/oauth/revoke',
      jwks: '/oauth/jwks',
      end_session: '/oauth/end-session',
    },
    cookies: {
      keys: [cookieKey],
      names: { interaction: INTERACTION_COOKIE, resume: 'devex.oauth.resume', session: SESSION_COOKIE },
      short: { httpOnly: true, sameSite: 'lax', signed: true },
      long: { httpOnly: true, sameSite: 'lax', signed: true },
    },
    scopes: ['offline_access'],
    responseTypes: ['code'],
    pkce: { required: () => true },
    clientDefaults: {
      token_endpoint_auth_method: 'none',
      id_token_signed_response_alg: 'EdDSA',
      application_type: 'native',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
    },
    clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post'],
    enabledJWA: { idTokenSigningAlgValues: ['EdDSA'] },
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      revocation: { enabled: true, allowedPolicy: async (_ctx, client, token) => token.clientId === client.clientId },
      registration: { enabled: true, issueRegistrationAccessToken: false },
      clientIdMetadataDocument: {
        enabled: options.takesDocuments,
        ack: 'draft-02',
        allowFetch: (_ctx, clientId) => {
          if (!allowsDocument(clientId)) return false
          // What fails in fetching is `invalid_client`, for which programs throw away what they have.
          const refusal = options.documents.refusal(new URL(clientId))
          if (refusal !== undefined) throw new errors.TemporarilyUnavailable(refusal)
          return true
        },
        allowClient: () => true,
        cacheDuration: DOCUMENT_CACHE_SECONDS,
      },
      resourceIndicators: {
        enabled: true,
        // A token that is good everywhere is none that we give; the address is named in the metadata of each resource.
        defaultResource: () => {
          throw new errors.InvalidTarget('the request must name the resource (RFC 8707)')
        },
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, indicator) => {
          const resource = resourceOf(indicator, issuer)
          if (resource === undefined) throw new errors.InvalidTarget('this resource is not of this server')
          return {
            scope: scopesOf(resource).join(' '),
            audience: indicator,
            accessTokenFormat: 'jwt',
            accessTokenTTL: ACCESS_TOKEN_SECONDS,
            jwt: { sign: { alg: 'EdDSA' } },
          }
        },
      },
    },
    extraTokenClaims: (_ctx, token) => ('grantId' in token ? { connection: token.grantId } : {}),
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: true,
    expiresWithSession: async () => false,
    findAccount: async (_ctx, sub) =>
      (await userExists(sub)) ? { accountId: sub, claims: () => ({ sub }) } : undefined,
    // A grant is what the person has just said on our page, nothing that was said before.
    loadExistingGrant: async (ctx) => {
      const grantId = ctx.oidc.result?.consent?.grantId
      return grantId === undefined ? undefined : ctx.oidc.provider.Grant.find(grantId)
    },
    interactions: { policy: interactionPolicy.base(), url: (_ctx, { uid }) => `${CONSENT_PATH}${uid}` },
    ttl: {
      AccessToken: ACCESS_TOKEN_SECONDS,
      AuthorizationCode: CODE_SECONDS,
      Grant: GRANT_SECONDS,
      IdToken: ACCESS_TOKEN_SECONDS,
      Interaction: INTERACTION_SECONDS,
      RefreshToken: REFRESH_TOKEN_SECONDS,
      Session: INTERACTION_SECONDS,
    },
    clientBasedCORS: () => false,
    renderError: (ctx, out) => {
      ctx.type = 'text/plain; charset=utf-8'
      ctx.body = `The sign-in of this program cannot go on: ${out.error_description ?? out.error}\n\nClose this page and begin again in the program. If it comes to this page again, remove the server there and add it anew.\n`
    },
    fetch: async (url) => {
      const document = await options.documents.fetch(new URL(url instanceof Request ? url.url : url))
      if (document.status !== 200) return document
      const { status, headers } = document
      return new Response(JSON.stringify(clientMetadata(await document.json())), { status, headers })
    },
  }
}

function askerCookieLine(issuer: string, uid: string): string {
  return `${askerCookie(issuer, uid)}=${uid}; Path=/; Max-Age=${INTERACTION_SECONDS}; Secure; HttpOnly; SameSite=Lax`
}

function isSecure(issuer: string): boolean {
  return issuer.startsWith('https:')
}

/** What a client registers, or what it is refused with (RFC 7591 §3.2.2). */
function registrationIn(body: string): Record<string, unknown> {
  const said = jsonIn(body)
  // It says itself what is wrong with it.
  if (said === undefined) return {}
  try {
    return clientMetadata(said)
  } catch (error) {
    return { error: 'invalid_client_metadata', error_description: toAppError(error).message }
  }
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
