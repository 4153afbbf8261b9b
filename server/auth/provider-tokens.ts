import { z } from 'zod'
import type { SecretBox } from '#server/auth/secret-box.ts'
import type { StateStore } from '#server/state-store/state-store.ts'

const sealedSchema = z.object({ format: z.literal(1), sealed: z.string() })

/** Access tokens of sign-in providers: encrypted, server-side only, never in a cookie or a sandbox. */
export interface ProviderTokens {
  keep(userId: string, token: string): Promise<void>
  get(userId: string): Promise<string | undefined>
}

/** Tokens kept in `store` under `provider-token:<user id>`, sealed for that user. */
export function createProviderTokens(store: StateStore, box: SecretBox): ProviderTokens {
  return {
    keep: async (userId, token) => {
      const value = { format: 1, sealed: box.seal(purposeOf(userId), token) }
      await store.put(keyOf(userId), value, { expected: 'any' })
    },
    get: async (userId) => {
      const record = await store.get(keyOf(userId))
      return record === undefined ? undefined : box.open(purposeOf(userId), sealedSchema.parse(record.value).sealed)
    },
  }
}

function keyOf(userId: string): string {
  return `provider-token:${userId}`
}

function purposeOf(userId: string): string {
  return `provider-token:${userId}`
}
