import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encode } from 'next-auth/jwt'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { createAuth } from '#server/auth/auth.ts'
import { MAX_ORG_PAGES, MEMBER_BELIEVED_MS, MEMBER_RECHECK_MS, MEMBER_RETRY_MS } from '#server/auth/limits.ts'
import { createSecretBox } from '#server/auth/secret-box.ts'
import { createLog } from '#server/log.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'
import type { Auth } from '#server/auth/auth.ts'
import type { GithubSettings } from '#server/auth/github.ts'
import type { StateStore } from '#server/state-store/state-store.ts'

const ada = { provider: 'github', accountId: '1815', login: 'Ada', name: 'Ada', isAdmin: true } as const

let opened: AsyncDisposableStack
let store: StateStore
/** What GitHub says of whoever asks, and how often it was asked. */
const github = { apiUrl: '', status: 200, orgs: ['Analytical'], asked: 0 }

beforeEach(async () => {
  opened = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'devex-standing-'))
  store = await openSqliteStateStore({ file: join(folder, 'state.sqlite') })
  const server = createServer((request, response) => {
    github.asked += 1
    const { searchParams } = new URL(request.url ?? '/', github.apiUrl)
    const [size, page] = [Number(searchParams.get('per_page')), Number(searchParams.get('page') ?? 1)]
    const next = `<${github.apiUrl}/user/orgs?per_page=${size}&page=${page + 1}>; rel="next"`
    const link = `<${github.apiUrl}/user/orgs?per_page=${size}&page=1>; rel="first"`
    response.writeHead(github.status, {
      'content-type': 'application/json',
      link: github.orgs.length > page * size ? `${next}, ${link}` : link,
    })
    response.end(JSON.stringify(github.orgs.slice((page - 1) * size, page * size).map((login) => ({ login }))))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = z.object({ port: z.int() }).parse(server.address())
  Object.assign(github, { apiUrl: `http://127.0.0.1:${port}`, status: 200, orgs: ['Analytical'], asked: 0 })
  vi.useFakeTimers({ toFake: ['Date'] })
  opened.defer(async () => {
    vi.useRealTimers()
    server.close()
    server.closeAllConnections()
    await store[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })
})
afterEach(async () => {
  await opened.disposeAsync()
})

/** As the settings are from one start of the server to the next. */
function authBy(settings: Partial<GithubSettings> | undefined): Auth {
  return createAuth({
    stateStore: store,
    box: createSecretBox('s'.repeat(32)),
    github: settings && {
      clientId: 'id',
      clientSecret: 'secret',
      url: github.apiUrl,
      apiUrl: github.apiUrl,
      allowedUsers: [],
      allowedOrgs: [],
      allowAnyone: false,
      admin: undefined,
      ...settings,
    },
    isLoopback: true,
    isSecure: false,
    resolveGuest: async () => undefined,
    log: createLog({ level: 'error', format: 'text' }),
  })
}

/** Who somebody's cookie, and who an agent that they let in, is for. */
async function seen(auth: Auth, id: string) {
  const cookie = `next-auth.session-token=${await encode({ token: { sub: id }, secret: auth.cookieSecret })}`
  const both = [await auth.principalOf(cookie), (await auth.standing.lookUp(id)).who]
  return both.map((who) => (who?.kind !== 'user' ? 'nobody' : who.isAdmin ? 'administrator' : 'user'))
}

describe('S5: who signed in once', () => {
  test('is nobody once they are off the list, with cookies and agents, and no administrator once another is named', async () => {
    const { id } = await authBy({ admin: 'ada' }).users.signIn(ada)
    expect(await seen(authBy({ admin: 'ada' }), id)).toEqual(['administrator', 'administrator'])
    expect(await seen(authBy({ admin: 'grace', allowedUsers: ['ada'] }), id)).toEqual(['user', 'user'])
    expect(await seen(authBy({ admin: 'grace', allowAnyone: true }), id)).toEqual(['user', 'user'])
    expect(await seen(authBy({ admin: 'grace' }), id)).toEqual(['nobody', 'nobody'])
    expect(github.asked).toBe(0)
  })

  test('is nobody where their way to sign in is gone; on this machine nobody is asked about', async () => {
    const { id } = await authBy(undefined).users.signIn({ ...ada, provider: 'local' })
    expect(await seen(authBy(undefined), id)).toEqual(['administrator', 'administrator'])
    expect(await seen(authBy({ allowAnyone: true }), id)).toEqual(['nobody', 'nobody'])
    const other = await authBy({ allowAnyone: true }).users.signIn(ada)
    expect(await seen(authBy(undefined), other.id)).toEqual(['nobody', 'nobody'])
  })

  const signInAsMember = async (auth: Auth) => {
    const user = await auth.users.signIn(ada)
    await auth.providerTokens.keep(user.id, 'gho_token')
    return user
  }

  test('as a member of an organisation is asked about hourly, and nobody once they left it', async () => {
    const auth = authBy({ allowedOrgs: ['analytical'] })
    const user = await signInAsMember(auth)
    await auth.standing.welcome(user)
    expect(await seen(auth, user.id)).toEqual(['user', 'user'])
    expect(github.asked).toBe(0)
    github.orgs = []
    vi.setSystemTime(Date.now() + MEMBER_RECHECK_MS)
    expect(await seen(auth, user.id)).toEqual(['nobody', 'nobody'])
    expect(github.asked).toBe(1)
    await auth.standing.welcome(user)
    expect(await seen(auth, user.id)).toEqual(['user', 'user'])
  })

  test('as a member before anybody was asked about, or with a token that is good no more, is asked about now', async () => {
    const auth = authBy({ allowedOrgs: ['analytical'] })
    const user = await signInAsMember(auth)
    const all = await Promise.all(Array.from({ length: 10 }, () => auth.standing.lookUp(user.id)))
    expect(all.every(({ who }) => who?.id === user.id)).toBe(true)
    expect(github.asked).toBe(1)
    github.status = 401
    vi.setSystemTime(Date.now() + MEMBER_RECHECK_MS)
    expect(await seen(auth, user.id)).toEqual(['nobody', 'nobody'])
  })

  test('as a member of more organisations than one answer tells of is found, and asked no further than that', async () => {
    const auth = authBy({ allowedOrgs: ['analytical'] })
    const user = await signInAsMember(auth)
    const others = Array.from({ length: 450 }, (_, index) => `Other-${index}`)
    github.orgs = others.toSpliced(220, 0, 'Analytical')
    expect(await seen(auth, user.id)).toEqual(['user', 'user'])
    expect(github.asked).toBe(3)
    github.orgs = others
    vi.setSystemTime(Date.now() + MEMBER_RECHECK_MS)
    expect(await seen(auth, user.id)).toEqual(['nobody', 'nobody'])
    expect(github.asked).toBe(3 + 5)
    github.orgs = Array.from({ length: MAX_ORG_PAGES * 100 }, () => 'Other').concat('Analytical')
    vi.setSystemTime(Date.now() + MEMBER_RECHECK_MS)
    expect(await seen(auth, user.id)).toEqual(['nobody', 'nobody'])
    expect(github.asked).toBe(3 + 5 + MAX_ORG_PAGES)
  })

  test('as a member stays so for a day where GitHub does not answer, which is not asked all the time', async () => {
    const auth = authBy({ allowedOrgs: ['analytical'] })
    const user = await signInAsMember(auth)
    await auth.standing.welcome(user)
    github.status = 503
    vi.setSystemTime(Date.now() + MEMBER_RECHECK_MS)
    for (let count = 0; count < 3; count++) expect(await seen(auth, user.id)).toEqual(['user', 'user'])
    expect(github.asked).toBe(1)
    vi.setSystemTime(Date.now() + MEMBER_BELIEVED_MS - MEMBER_RECHECK_MS)
    await expect(auth.standing.lookUp(user.id)).rejects.toMatchObject({ code: 'unavailable' })
    github.status = 200
    vi.setSystemTime(Date.now() + MEMBER_RETRY_MS)
    expect(await seen(auth, user.id)).toEqual(['user', 'user'])
  })
})
