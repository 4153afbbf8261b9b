import type { NextAuthOptions } from 'next-auth'
import CredentialsProvider from 'next-auth/providers/credentials'
import { SECURE_COOKIE } from '#server/auth/auth.ts'
import { parseCookies } from '#server/auth/cookies.ts'
import { githubProvider, identityOf, isAllowed, parseProfile } from '#server/auth/github.ts'
import { LOCAL_BROWSER_COOKIE } from '#server/auth/local-sign-in.ts'
import type { Auth } from '#server/auth/auth.ts'

/** How long a browser stays signed in without coming back. */
const SIGNED_IN_SECONDS = 30 * 24 * 60 * 60

/** From leaving for the provider until coming back. */
const SIGN_IN_SECONDS = 15 * 60

/** next-auth, configured: a JWT cookie whose subject is our opaque user id, and pages of our own. */
export function nextAuthOptions(auth: Auth): NextAuthOptions {
  return {
    secret: auth.cookieSecret,
    session: { strategy: 'jwt', maxAge: SIGNED_IN_SECONDS },
    pages: { signIn: '/signin', error: '/signin', signOut: '/signin' },
    ...(auth.isSecure && { cookies: hostCookies() }),
    providers: [...githubProviders(auth), ...localProviders(auth)],
    callbacks: {
      signIn: async ({ account, profile: raw }) => {
        if (account?.provider !== 'github' || auth.github === undefined) return account?.provider === 'local'
        const token = account.access_token ?? ''
        const profile = parseProfile(raw)
        if (!(await isAllowed(auth.github, profile, token))) return '/signin?error=NotAllowed'
        const user = await auth.users.signIn(identityOf(auth.github, profile))
        await auth.providerTokens.keep(user.id, token)
        return true
      },
      jwt: async ({ token, account, profile, user }) => {
        if (account?.provider === 'local') return { sub: user.id }
        if (account?.provider === 'github' && auth.github !== undefined) {
          return { sub: (await auth.users.signIn(identityOf(auth.github, parseProfile(profile)))).id }
        }
        // Nothing but the id lives in the cookie: names and rights are looked up, so that they are never stale.
        return token.sub === undefined ? {} : { sub: token.sub, iat: token.iat, exp: token.exp, jti: token.jti }
      },
      // next-auth's own session route says nothing that pages rely on.
      session: ({ session, token }) => ({ expires: session.expires, user: { name: token.sub ?? null } }),
    },
  }
}

/**
 * Names with which browsers take no cookie that is for a parent domain too (RFC 6265bis §4.1.3.2): a preview beside the
 * app on one domain can otherwise sign its visitors in as somebody else. Plain http has no such names.
 */
function hostCookies(): NonNullable<NextAuthOptions['cookies']> {
  const options = { httpOnly: true, sameSite: 'lax', path: '/', secure: true } as const
  const passing = { ...options, maxAge: SIGN_IN_SECONDS }
  return {
    sessionToken: { name: SECURE_COOKIE, options },
    state: { name: '__Host-next-auth.state', options: passing },
    pkceCodeVerifier: { name: '__Host-next-auth.pkce.code_verifier', options: passing },
  }
}

function githubProviders(auth: Auth): NextAuthOptions['providers'] {
  return auth.github === undefined ? [] : [githubProvider(auth.github)]
}

function localProviders({ github, isLoopback, localSignIn, users }: Auth): NextAuthOptions['providers'] {
  if (github !== undefined || !isLoopback) return []
  return [
    CredentialsProvider({
      id: 'local',
      name: 'this machine',
      credentials: {},
      authorize: async (_credentials, request) => {
        const cookies = parseCookies(headerOf(request.headers, 'cookie'))
        if (!(await localSignIn.isKnownBrowser(cookies[LOCAL_BROWSER_COOKIE]))) return null
        const user = await users.signIn({ provider: 'local', accountId: 'owner', name: 'You', isAdmin: true })
        return { id: user.id, name: user.name }
      },
    }),
  ]
}

function headerOf(headers: Record<string, unknown> | undefined, name: string): string | undefined {
  const value = headers?.[name]
  return typeof value === 'string' ? value : undefined
}
