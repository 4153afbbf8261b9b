import type { Profile } from 'next-auth'
import type { OAuthConfig } from 'next-auth/providers/oauth'
import { z } from 'zod'
import { MAX_ORG_PAGES, ORGS_PER_PAGE } from '#server/auth/limits.ts'
import type { Env } from '#server/env.ts'
import type { Identity } from '#server/auth/users.ts'

export type GithubSettings = NonNullable<Env['github']>

const REQUEST_LIMIT_MS = 10_000

const profileSchema = z.object({
  id: z.int(),
  login: z.string().min(1),
  name: z.string().nullish(),
  avatar_url: z.url().nullish(),
})
type GithubProfile = z.output<typeof profileSchema>

const orgsSchema = z.array(z.object({ login: z.string() }))

/**
 * The GitHub provider, at whatever address GitHub has here. Only what is needed is asked for: the profile, and the
 * organisations where the allow-list names some. E-mail addresses are not: nobody is known by one.
 */
export function githubProvider(github: GithubSettings): OAuthConfig<Profile> {
  return {
    id: 'github',
    name: 'GitHub',
    type: 'oauth',
    clientId: github.clientId,
    clientSecret: github.clientSecret,
    issuer: `${github.url}/login/oauth`,
    authorization: {
      url: `${github.url}/login/oauth/authorize`,
      params: { scope: github.allowedOrgs.length > 0 ? 'read:user read:org' : 'read:user' },
    },
    token: `${github.url}/login/oauth/access_token`,
    userinfo: {
      url: `${github.apiUrl}/user`,
      request: ({ tokens }) => fetchProfile(github, tokens.access_token ?? ''),
    },
    checks: ['state', 'pkce'],
    profile: (profile) => ({ id: profile.sub ?? '', name: profile.name ?? '' }),
  }
}

/** The signed-in account, as next-auth hands it to its callbacks. */
export function parseProfile(profile: Profile | undefined): GithubProfile {
  return profileSchema.parse(profile)
}

async function fetchProfile(github: GithubSettings, accessToken: string): Promise<Profile> {
  const profile = profileSchema.parse(await jsonOf(await ask(`${github.apiUrl}/user`, accessToken)))
  return { ...profile, name: profile.name ?? profile.login, sub: String(profile.id) }
}

/** Whether the allow-list lets this account in: by login, by organisation, as the administrator, or anyone. */
export async function isAllowed(github: GithubSettings, profile: GithubProfile, accessToken: string): Promise<boolean> {
  return isNamed(github, profile.login) || (await isMember(github, accessToken))
}

/** Whether the settings alone let this login in; who is not named may still be a member of an organisation. */
export function isNamed(github: GithubSettings, login: string): boolean {
  if (github.allowAnyone || isAdministrator(github, login)) return true
  return github.allowedUsers.some((allowed) => isSameLogin(allowed, login))
}

/** Whether whose token this is belongs to an allowed organisation now; not where the token is good for nothing any more. */
export async function isMember(github: GithubSettings, accessToken: string): Promise<boolean> {
  if (github.allowedOrgs.length === 0) return false
  for (let page = 1; page <= MAX_ORG_PAGES; page++) {
    const response = await ask(`${github.apiUrl}/user/orgs?per_page=${ORGS_PER_PAGE}&page=${page}`, accessToken)
    if (isTokenRefused(response)) return false
    const orgs = orgsSchema.parse(await jsonOf(response))
    if (orgs.some((org) => github.allowedOrgs.some((allowed) => isSameLogin(allowed, org.login)))) return true
    if (!hasNextPage(response)) return false
  }
  return false
}

/** Only whether there is one is taken from the answer: the token goes nowhere but to the address in the settings. */
function hasNextPage({ headers }: Response): boolean {
  return /;\s*rel="?next"?/i.test(headers.get('link') ?? '')
}

/** The identity behind a profile: the numeric account id, since logins can be renamed and taken over by others. */
export function identityOf(github: GithubSettings, profile: GithubProfile): Identity {
  return {
    provider: 'github',
    accountId: String(profile.id),
    login: profile.login,
    name: profile.name ?? profile.login,
    isAdmin: isAdministrator(github, profile.login),
    ...(profile.avatar_url !== null && profile.avatar_url !== undefined && { avatarUrl: profile.avatar_url }),
  }
}

/** Whether the settings name this login as the administrator. */
export function isAdministrator(github: GithubSettings, login: string): boolean {
  return github.admin !== undefined && isSameLogin(github.admin, login)
}

/** GitHub logins differ in case only for show. */
function isSameLogin(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}

async function ask(url: string, accessToken: string): Promise<Response> {
  return await fetch(url, {
    headers: { authorization: `Bearer ${accessToken}`, accept: 'application/vnd.github+json', 'user-agent': 'devex' },
    signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
  })
}

/** Revoked, or given before organisations were asked about; 403 is also what GitHub says to who asks too often. */
function isTokenRefused({ status, headers }: Response): boolean {
  const isTooOften = headers.has('retry-after') || headers.get('x-ratelimit-remaining') === '0'
  return status === 401 || (status === 403 && !isTooOften)
}

async function jsonOf(response: Response): Promise<unknown> {
  if (!response.ok) throw new Error(`${new URL(response.url).pathname} answered ${response.status}`)
  return await response.json()
}
