import { randomUUID } from 'node:crypto'
import type { NextAuthOptions } from 'next-auth'
import CredentialsProvider from 'next-auth/providers/credentials'
import { SECURE_COOKIE } from '#server/auth/auth.ts'
import { parseCookies } from '#server/auth/cookies.ts'
import { githubProvider, identityOf, isAllowed, parseProfile } from '#server/auth/github.ts'
import { SIGNED_IN_SECONDS, SIGN_IN_SECONDS } from '#server/auth/limits.ts'
import { LOCAL_BROWSER_COOKIE } from '#server/auth/local-sign-in.ts'
import { LOCAL_NAME } from '#server/auth/principal.ts'
import { signInClaimsSchema } from '#server/auth/sign-ins.ts'
import type { Auth } from '#server/auth/auth.ts'

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
        if (!(await isAllowed(auth.github, profile, token))) {
          auth.log.info('refused a sign-in: not on the list', { provider: 'github', login: profile.login })
          return '/signin?error=NotAllowed'
        }
        const user = await auth.users.signIn(identityOf(auth.github, profile))
        await auth.providerTokens.keep(user.id, token)
        await auth.standing.welcome(user)
        return true
      },
      jwt: async ({ token, account, profile, user }) => {
        if (account?.provider === 'local') {
          auth.log.info('signed in', { who: user.id, provider: 'local' })
          return { sub: user.id, sid: randomUUID() }
        }
        if (account?.provider === 'github' && auth.github !== undefined) {
          const { id, login } = await auth.users.signIn(identityOf(auth.github, parseProfile(profile)))
          auth.log.info('signed in', { who: id, provider: 'github', login })
          return { sub: id, sid: randomUUID() }
        }
        const claims = signInClaimsSchema.safeParse(token).data
        if (claims === undefined || (await auth.signIns.isEnded(claims.signInId))) return {}
        // Nothing but ids live in the cookie: names and rights are looked up, so that they are never stale.
        return { sub: claims.userId, sid: claims.signInId }
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
        const user = await users.signIn({ provider: 'local', accountId: 'owner', name: LOCAL_NAME, isAdmin: true })
        return { id: user.id, name: user.name }
      },
    }),
  ]
}

function headerOf(headers: Record<string, unknown> | undefined, name: string): string | undefined {
  const value = headers?.[name]
  return typeof value === 'string' ? value : undefined
}
