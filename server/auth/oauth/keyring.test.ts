import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SignJWT, importJWK } from 'jose'
import { expect, test } from 'vitest'
import { createAccessTokens } from '#server/auth/oauth/access-tokens.ts'
import { createKeyring } from '#server/auth/oauth/keyring.ts'
import type { Keyring } from '#server/auth/oauth/keyring.ts'
import { KEY_LIFE_MS, KEY_OVERLAP_MS } from '#server/auth/oauth/limits.ts'
import { createSecretBox } from '#server/auth/secret-box.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'

const ISSUER = 'https://devex.example'
const AUDIENCE = `${ISSUER}/r/a/mcp`

/** Keyrings of two control planes over one store, by one clock that jumps. */
async function twoKeyrings() {
  await using opened = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'devex-keys-'))
  opened.defer(() => rm(folder, { recursive: true }))
  const stateStore = opened.use(await openSqliteStateStore({ file: join(folder, 'state.sqlite') }))
  const box = createSecretBox('a secret of a test, long enough for it')
  let skew = 0
  const now = () => Date.now() + skew
  const owned = opened.move()
  return {
    first: createKeyring({ stateStore, box, now }),
    second: createKeyring({ stateStore, box, now }),
    pass: (ms: number) => void (skew += ms),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

async function tokenBy(keyring: Keyring): Promise<string> {
  const [key] = await keyring.signingKeys()
  if (key === undefined) throw new Error('no key')
  return new SignJWT({ connection: 'c', scope: 'repl:read' })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: key.kid })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setExpirationTime('1h')
    .sign(await importJWK({ ...key }, 'EdDSA'))
}

test('two that begin at once agree on the key', async () => {
  await using two = await twoKeyrings()
  const [one, other] = await Promise.all([two.first.signingKeys(), two.second.signingKeys()])
  expect(one).toEqual(other)
})

test('what one signs with a new key the other takes at once; what the old key signed is good a while longer', async () => {
  await using two = await twoKeyrings()
  const tokens = createAccessTokens(two.second, () => ISSUER)
  const old = await tokenBy(two.first)
  two.pass(KEY_LIFE_MS - 2000)
  await tokens.verify(old, AUDIENCE)
  two.pass(3000)
  const fresh = await tokenBy(two.first)
  expect(fresh.split('.')[0]).not.toBe(old.split('.')[0])
  expect(await tokens.verify(fresh, AUDIENCE)).toEqual({ connectionId: 'c', scopes: ['repl:read'] })
  await tokens.verify(old, AUDIENCE)
  two.pass(KEY_LIFE_MS + KEY_OVERLAP_MS)
  await expect(tokens.verify(old, AUDIENCE)).rejects.toMatchObject({ code: 'unauthenticated' })
})
