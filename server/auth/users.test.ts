import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decode, encode } from 'next-auth/jwt'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createAuth } from '#server/auth/auth.ts'
import { LOCAL_BROWSER_COOKIE, createLocalSignIn } from '#server/auth/local-sign-in.ts'
import { nextAuthOptions } from '#server/auth/next-auth-options.ts'
import { createProviderTokens } from '#server/auth/provider-tokens.ts'
import { createSecretBox } from '#server/auth/secret-box.ts'
import { createUsers } from '#server/auth/users.ts'
import { keepSigningKey, loadSigningKey } from '#server/auth/keys.ts'
import { createLog } from '#server/log.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'
import type { Auth } from '#server/auth/auth.ts'
import type { User } from '#server/auth/users.ts'
import type { StateStore } from '#server/state-store/state-store.ts'

let folder = ''
let store: StateStore
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'devex-auth-'))
  store = await openSqliteStateStore({ file: join(folder, 'state.sqlite') })
})
afterEach(async () => {
  await store[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const ada = { provider: 'github', accountId: '1815', login: 'ada', name: 'Ada', isAdmin: false } as const
const box = createSecretBox('s'.repeat(32))

describe('users', () => {
  test('S2: the same login at two accounts, or at two providers, is two people with opaque ids', async () => {
    const users = createUsers(store)
    // Long enough to be in no id by chance.
    const named = { ...ada, login: 'lovelace', accountId: '18151210' }
    const people = [
      await users.signIn(named),
      await users.signIn({ ...named, accountId: '18521127' }),
      await users.signIn({ ...named, provider: 'local' }),
    ]
    expect(new Set(people.map((user) => user.id)).size).toBe(3)
    expect(people.some((user) => user.id.includes(named.login) || user.id.includes(named.accountId))).toBe(false)
  })

  test('signing in again is the same person, with the name that the provider has now', async () => {
    const users = createUsers(store)
    const first = await users.signIn(ada)
    const again = await users.signIn({ ...ada, name: 'Ada King', login: 'countess' })
    expect(again).toEqual({ ...first, name: 'Ada King', login: 'countess' })
    expect(await users.get(first.id)).toEqual(again)
  })

  test('ten first sign-ins at once make one person', async () => {
    const users = createUsers(store)
    const all = await Promise.all(Array.from({ length: 10 }, () => users.signIn(ada)))
    expect(new Set(all.map((user) => user.id)).size).toBe(1)
  })

  test('nobody becomes what is no id: they could not sign in again', async () => {
    const users = createUsers(store)
    const { id } = await users.signIn(ada)
    await expect(users.becomeAgain(id, 'typo')).rejects.toMatchObject({ code: 'bad_request' })
    expect((await users.signIn(ada)).id).toBe(id)
  })

  test('what is not an id is nobody', async () => {
    expect(await createUsers(store).get('../../etc')).toBeUndefined()
  })
})

test('S9: a provider’s token lies encrypted, and opens for its own user only', async () => {
  const tokens = createProviderTokens(store, box)
  await tokens.keep('uaaaaaaaaaaaaaaa', 'gho_secret')
  expect(JSON.stringify(await store.get('provider-token:uaaaaaaaaaaaaaaa'))).not.toContain('gho_secret')
  expect(await tokens.get('uaaaaaaaaaaaaaaa')).toBe('gho_secret')
  expect(await tokens.get('ubbbbbbbbbbbbbbb')).toBeUndefined()
})

test('two replicas that start at once sign with one key', async () => {
  const [a, b] = await Promise.all([loadSigningKey(store, box), loadSigningKey(store, box)])
  expect(a).toBe(b)
})

test('the key comes back where the store has lost it; another one in its place is told', async () => {
  const pem = await loadSigningKey(store, box)
  await keepSigningKey(store, box, pem)
  await store.delete('signing-key:current', 'any')
  await keepSigningKey(store, box, pem)
  expect(await loadSigningKey(store, box)).toBe(pem)
  await store.delete('signing-key:current', 'any')
  const other = await loadSigningKey(store, box)
  expect(other).not.toBe(pem)
  await expect(keepSigningKey(store, box, pem)).rejects.toMatchObject({ code: 'conflict' })
  expect(await loadSigningKey(store, box)).toBe(other)
})

describe('this machine', () => {
  test('of ten browsers with the same one-time link, one gets in', async () => {
    const local = createLocalSignIn(store)
    const token = await local.newToken()
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => local.redeem(token)))
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1)
    expect(results.find((result) => result.status === 'rejected')?.reason).toMatchObject({ code: 'gone' })
  })

  test('a browser is known by what it was given, and neither token lies readable in the store', async () => {
    const local = createLocalSignIn(store)
    const token = await local.newToken()
    const cookie = await local.redeem(token)
    expect([
      await local.isKnownBrowser(cookie),
      await local.isKnownBrowser(token),
      await local.isKnownBrowser(undefined),
    ]).toEqual([true, false, false])
    const { records } = await store.list('local-')
    expect(records).toHaveLength(1)
    expect(JSON.stringify(records)).not.toContain(cookie)
  })
})

describe('authenticator', () => {
  const lines: string[] = []
  const settings = {
    box,
    github: undefined,
    isSecure: false,
    resolveGuest: () => Promise.resolve(undefined),
    log: createLog({ level: 'info', format: 'text', write: (line) => lines.push(line) }),
  }

  test('the page offers local sign-in to a known browser on loopback only', async () => {
    const auth = createAuth({ ...settings, stateStore: store, isLoopback: true })
    const cookie = `${LOCAL_BROWSER_COOKIE}=${await auth.localSignIn.redeem(await auth.localSignIn.newToken())}`
    expect(await auth.signInOptions(cookie)).toEqual({ github: false, local: true })
    expect(await auth.signInOptions(null)).toEqual({ github: false, local: false })
    expect(await createAuth({ ...settings, stateStore: store, isLoopback: false }).signInOptions(cookie)).toEqual({
      github: false,
      local: false,
    })
  })

  test('S6: over https, what a sibling host could have set for the whole domain signs nobody in', async () => {
    const auth = createAuth({ ...settings, stateStore: store, isLoopback: false, isSecure: true })
    const { id } = await auth.users.signIn({ ...ada, provider: 'local' })
    const token = await encode({ token: { sub: id }, secret: auth.cookieSecret })
    const { sessionToken, state, pkceCodeVerifier } = nextAuthOptions(auth).cookies ?? {}
    for (const cookie of [sessionToken, state, pkceCodeVerifier]) {
      expect(cookie?.name).toMatch(/^__Host-/)
      expect(cookie?.options).toMatchObject({ httpOnly: true, secure: true, path: '/', sameSite: 'lax' })
    }
    expect(await auth.principalOf(`${sessionToken?.name}=${token}`)).toMatchObject({ id })
    for (const name of ['next-auth.session-token', '__Secure-next-auth.session-token'])
      expect(await auth.principalOf(`${name}=${token}`)).toBeUndefined()
  })

  test('S6: over https, what a sibling host could have set makes nobody a guest of its own', async () => {
    const resolveGuest = async (cookie: string) => ({ kind: 'guest' as const, id: cookie, name: 'Guest' })
    const auth = createAuth({ ...settings, resolveGuest, stateStore: store, isLoopback: false, isSecure: true })
    expect(await auth.principalOf('devex.guest=theirs')).toBeUndefined()
    expect(await auth.principalOf('devex.guest=theirs; __Host-devex.guest=mine')).toMatchObject({ id: 'mine' })
  })

  const cookieOf = async (auth: Auth, claims: Record<string, unknown>) =>
    `next-auth.session-token=${await encode({ token: claims, secret: auth.cookieSecret })}`
  const signedIn = (auth: Auth, { id }: User) => cookieOf(auth, { sub: id, sid: randomUUID() })
  /** What next-auth does with a cookie from time to time: it lets its `jwt` callback say what is in the next one. */
  const renewed = async (auth: Auth, cookie: string) => {
    const token = await decode({ token: cookie.split('=')[1] ?? '', secret: auth.cookieSecret })
    const claims = await nextAuthOptions(auth).callbacks?.jwt?.({ token: token ?? {}, user: { id: '' }, account: null })
    return cookieOf(auth, claims ?? {})
  }

  test('S5: signing out ends every copy of that sign-in’s cookie, renewed ones too, and no other sign-in', async () => {
    const auth = createAuth({ ...settings, stateStore: store, isLoopback: true })
    const user = await auth.users.signIn({ ...ada, provider: 'local' })
    const [here, elsewhere] = [await signedIn(auth, user), await signedIn(auth, user)]
    const copies = [here, await renewed(auth, here), await renewed(auth, await renewed(auth, here))]
    for (const cookie of copies) expect(await auth.principalOf(cookie)).toMatchObject({ id: user.id })
    const holderOf = async (cookie: string) =>
      await auth.holderOf((await auth.signInOf(cookie)) ?? { userId: user.id, signInId: 'none' })
    expect(await Promise.all([here, elsewhere].map(holderOf))).toMatchObject([{ id: user.id }, { id: user.id }])
    await auth.signOut(here)
    expect(lines.join('\n')).toContain(`signed out who=${user.id}`)
    expect(await Promise.all([...copies, elsewhere].map(holderOf))).toMatchObject([
      undefined,
      undefined,
      undefined,
      { id: user.id },
    ])
    for (const cookie of [...copies, await renewed(auth, here)]) expect(await auth.principalOf(cookie)).toBeUndefined()
    expect(await auth.principalOf(elsewhere)).toMatchObject({ id: user.id })
  })

  test('S5: a cookie from before sign-ins had a name stays good, is renewed, and ends with signing out', async () => {
    const auth = createAuth({ ...settings, stateStore: store, isLoopback: true })
    const user = await auth.users.signIn({ ...ada, provider: 'local' })
    const former = await cookieOf(auth, { sub: user.id })
    const current = await renewed(auth, former)
    for (const cookie of [former, current]) expect(await auth.principalOf(cookie)).toMatchObject({ id: user.id })
    await auth.signOut(current)
    for (const cookie of [former, current]) expect(await auth.principalOf(cookie)).toBeUndefined()
  })

  test('who asks is one read of the state store', async () => {
    let reads = 0
    const counted: StateStore = {
      ...store,
      get: (key) => ((reads += 1), store.get(key)),
      getMany: (keys) => ((reads += 1), store.getMany(keys)),
    }
    const auth = createAuth({ ...settings, stateStore: counted, isLoopback: true })
    const user = await createUsers(store).signIn({ ...ada, provider: 'local' })
    expect(await auth.principalOf(await signedIn(auth, user))).toMatchObject({ id: user.id })
    expect(reads).toBe(1)
  })

  test.each([
    '',
    'next-auth.session-token=',
    'next-auth.session-token=eyJhbGciOiJub25lIn0.e30.',
    'next-auth.session-token=%E0%A4%A',
    'devex.guest=x',
  ])('S1: the cookie %j is nobody', async (cookie) => {
    const auth = createAuth({ ...settings, stateStore: store, isLoopback: true })
    expect(await auth.principalOf(cookie)).toBeUndefined()
  })
})
