import { decode } from 'next-auth/jwt'
import { parseCookies } from '#server/auth/cookies.ts'
import { LOCAL_BROWSER_COOKIE, createLocalSignIn } from '#server/auth/local-sign-in.ts'
import { createMembers } from '#server/auth/members.ts'
import { createProviderTokens } from '#server/auth/provider-tokens.ts'
import { createSignIns, endedKey, signInClaimsSchema } from '#server/auth/sign-ins.ts'
import { createStanding } from '#server/auth/standing.ts'
import { createUsers } from '#server/auth/users.ts'
import type { GithubSettings } from '#server/auth/github.ts'
import type { LocalSignIn } from '#server/auth/local-sign-in.ts'
import type { Principal, SignIn, SignInAuthenticator } from '#server/auth/principal.ts'
import type { ProviderTokens } from '#server/auth/provider-tokens.ts'
import type { SecretBox } from '#server/auth/secret-box.ts'
import type { SignIns } from '#server/auth/sign-ins.ts'
import type { Standing } from '#server/auth/standing.ts'
import type { Users } from '#server/auth/users.ts'
import type { Log } from '#server/log.ts'
import type { StateStore } from '#server/state-store/state-store.ts'

/**
 * The cookie of a signed-out visitor who came through a share link, over http and https. A preview's page can set a plain
 * one for the whole domain, and with it be the guest of whoever opens a link next; `__Host-` keeps it out (RFC 6265bis
 * §4.1.3).
 */
const PLAIN_GUEST_COOKIE = 'devex.guest'
const SECURE_GUEST_COOKIE = '__Host-devex.guest'

/** The cookie of who is signed in, over http (next-auth's own name) and https. */
const PLAIN_COOKIE = 'next-auth.session-token'
export const SECURE_COOKIE = '__Host-next-auth.session-token'

/** Signing in and being signed in. */
export interface Auth extends SignInAuthenticator {
  users: Users
  signIns: SignIns
  standing: Standing
  providerTokens: ProviderTokens
  /** Who signs in and out, a line each. */
  log: Log
  localSignIn: LocalSignIn
  github: GithubSettings | undefined
  isLoopback: boolean
  /** Whether browsers reach us over https. */
  isSecure: boolean
  /** Name of the cookie of a signed-out visitor who came through a share link. */
  guestCookie: string
  /** What next-auth encrypts its cookie with. */
  cookieSecret: string
  signInOptions(cookieHeader: string | null): Promise<{ github: boolean; local: boolean }>
  /** Ends the sign-in of this cookie, wherever else its cookie is; nothing where there is none. */
  signOut(cookieHeader: string | null): Promise<void>
}

interface AuthDeps {
  stateStore: StateStore
  box: SecretBox
  github: GithubSettings | undefined
  isLoopback: boolean
  /** Whether browsers reach us over https: cookies are named after it. */
  isSecure: boolean
  resolveGuest: (cookie: string) => Promise<Principal | undefined>
  log: Log
}

/** Authentication over `stateStore`. */
export function createAuth(deps: AuthDeps): Auth {
  const { stateStore, box, github, isLoopback, isSecure, resolveGuest, log } = deps
  const users = createUsers(stateStore)
  const localSignIn = createLocalSignIn(stateStore)
  const cookieSecret = box.derive('sign-in-cookie').toString('base64url')

  const guestCookie = isSecure ? SECURE_GUEST_COOKIE : PLAIN_GUEST_COOKIE
  const signIns = createSignIns(stateStore)
  const providerTokens = createProviderTokens(stateStore, box)
  const members =
    github !== undefined && github.allowedOrgs.length > 0
      ? createMembers({ store: stateStore, github, providerTokens, log })
      : undefined
  const standing = createStanding({ users, github, members })

  const claimsOf = async (cookies: Record<string, string>) => {
    const token = await decodeCookie(cookies[isSecure ? SECURE_COOKIE : PLAIN_COOKIE], cookieSecret)
    return signInClaimsSchema.safeParse(token).data
  }

  const holderOf = async ({ userId, signInId }: SignIn): Promise<Principal | undefined> => {
    const { who, records } = await standing.lookUp(userId, [endedKey(signInId)])
    const [ended] = records
    return ended === undefined ? who : undefined
  }

  return {
    users,
    signIns,
    standing,
    localSignIn,
    github,
    isLoopback,
    isSecure,
    guestCookie,
    cookieSecret,
    providerTokens,
    log,
    principalOf: async (cookieHeader) => {
      const cookies = parseCookies(cookieHeader)
      const signIn = await claimsOf(cookies)
      const user = signIn === undefined ? undefined : await holderOf(signIn)
      if (user !== undefined) return user
      const guest = cookies[guestCookie]
      return guest === undefined ? undefined : await resolveGuest(guest)
    },
    signInOf: (cookieHeader) => claimsOf(parseCookies(cookieHeader)),
    holderOf,
    signInOptions: async (cookieHeader) => {
      if (github !== undefined) return { github: true, local: false }
      const isKnown = isLoopback && (await localSignIn.isKnownBrowser(parseCookies(cookieHeader)[LOCAL_BROWSER_COOKIE]))
      return { github: false, local: isKnown }
    },
    signOut: async (cookieHeader) => {
      const claims = await claimsOf(parseCookies(cookieHeader))
      if (claims === undefined) return
      await signIns.end(claims.signInId)
      log.info('signed out', { who: claims.userId })
    },
  }
}

/** The claims of next-auth's encrypted cookie; `undefined` where it is missing, expired, or not ours. */
async function decodeCookie(token: string | undefined, secret: string) {
  try {
    return token === undefined ? undefined : await decode({ token, secret })
  } catch {
    return undefined
  }
}
