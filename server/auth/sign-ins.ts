import { z } from 'zod'
import { ENDED_SIGN_IN_TTL_MS } from '#server/auth/limits.ts'
import type { StateStore } from '#server/state-store/state-store.ts'

/**
 * What a sign-in's cookie says. `sid` stays the same when the cookie is renewed; cookies from before there was one go by
 * their own `jti`, which is `sid` from their next renewal on.
 */
export const signInClaimsSchema = z
  .object({ sub: z.string(), sid: z.uuid().optional(), jti: z.uuid() })
  .transform(({ sub, sid, jti }) => ({ userId: sub, signInId: sid ?? jti }))

/**
 * Sign-ins that were ended: a cookie is good wherever it has been copied to, until its sign-in is named here. What is kept
 * is the ended ones, not the good ones: cookies that were given before anything was kept go on to be good, and signing in
 * writes nothing.
 */
export interface SignIns {
  /** Ends it, for every copy of its cookie. */
  end(signInId: string): Promise<void>
  isEnded(signInId: string): Promise<boolean>
}

/** Ended sign-ins in `store`, under `ended-sign-in:<id>`, for as long as a cookie of theirs could be good. */
export function createSignIns(store: StateStore): SignIns {
  return {
    end: async (signInId) => {
      await store.put(endedKey(signInId), { format: 1 }, { expected: 'any', ttlMs: ENDED_SIGN_IN_TTL_MS })
    },
    isEnded: async (signInId) => (await store.get(endedKey(signInId))) !== undefined,
  }
}

/** What lies here says that this sign-in has ended. */
export function endedKey(signInId: string): string {
  return `ended-sign-in:${signInId}`
}
