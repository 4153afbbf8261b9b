import { exportJWK, generateKeyPair } from 'jose'
import type { JSONWebKeySet } from 'jose'
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { KEY_LIFE_MS, KEY_OVERLAP_MS, KEY_REFRESH_MS } from '#server/auth/oauth/limits.ts'
import type { SecretBox } from '#server/auth/secret-box.ts'
import { AppError } from '#server/errors.ts'
import type { StateStore } from '#server/state-store/state-store.ts'

const KEY = 'signing-key:oauth'
const sealedSchema = z.object({ format: z.literal(1), sealed: z.string() })
const keySchema = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  alg: z.literal('EdDSA'),
  use: z.literal('sig'),
  kid: z.string(),
  x: z.string(),
  d: z.string(),
})
const openSchema = keySchema.omit({ d: true })
const ringSchema = z.object({ keys: z.array(z.object({ createdAt: z.number(), jwk: keySchema })) })
type Ring = z.output<typeof ringSchema>
export type SigningJwk = z.output<typeof keySchema>

/** The authorization server's signing keys, newest first: kept encrypted, succeeded in time, known a while longer. */
export interface Keyring {
  /** With their private halves. */
  signingKeys(): Promise<SigningJwk[]>
  publicKeys(): Promise<JSONWebKeySet>
  /** Reads them again, unless that was just done; whether they are others now. */
  refresh(): Promise<boolean>
}

export function createKeyring({
  stateStore,
  box,
  now = Date.now,
}: {
  stateStore: StateStore
  box: SecretBox
  now?: () => number
}): Keyring {
  let known: Promise<Ring> | undefined
  let readAt = 0

  const read = async (): Promise<Ring> => {
    readAt = now()
    const record = await stateStore.get(KEY)
    const ring: Ring =
      record === undefined
        ? { keys: [] }
        : ringSchema.parse(JSON.parse(box.open(KEY, sealedSchema.parse(record.value).sealed)))
    const [newest] = ring.keys
    if (newest !== undefined && newest.createdAt > now() - KEY_LIFE_MS) return ring
    const kept = ring.keys.filter(({ createdAt }) => createdAt > now() - KEY_LIFE_MS - KEY_OVERLAP_MS)
    const next = { keys: [{ createdAt: now(), jwk: await newKey() }, ...kept] }
    try {
      await stateStore.put(
        KEY,
        { format: 1, sealed: box.seal(KEY, JSON.stringify(next)) },
        { expected: record === undefined ? 'absent' : { version: record.version } },
      )
      return next
    } catch (error) {
      // Another replica was first: its key counts.
      if (error instanceof AppError && error.code === 'conflict') return await read()
      throw error
    }
  }

  const ring = () => {
    if (known === undefined || now() - readAt > KEY_REFRESH_MS) {
      const reading = read()
      reading.catch(() => (known = undefined))
      known = reading
    }
    return known
  }

  return {
    signingKeys: async () => (await ring()).keys.map(({ jwk }) => jwk),
    publicKeys: async () => ({ keys: (await ring()).keys.map(({ jwk }) => openSchema.parse(jwk)) }),
    refresh: async () => {
      const before = (await ring()).keys[0]?.jwk.kid
      if (now() - readAt < 1000) return false
      known = undefined
      return (await ring()).keys[0]?.jwk.kid !== before
    },
  }
}

async function newKey(): Promise<SigningJwk> {
  const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
  return keySchema.parse({ ...(await exportJWK(privateKey)), alg: 'EdDSA', use: 'sig', kid: randomUUID() })
}
