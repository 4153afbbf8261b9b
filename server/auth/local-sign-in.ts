import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { AppError } from '#server/errors.ts'
import type { StateStore } from '#server/state-store/state-store.ts'

const TOKEN_BYTES = 24
const LINK_TTL_MS = 24 * 60 * 60 * 1000

/** A browser that came through the printed URL stays known for so long. */
export const LOCAL_BROWSER_TTL_MS = 90 * 24 * 60 * 60 * 1000

/** Cookie of a browser that came through the printed URL. */
export const LOCAL_BROWSER_COOKIE = 'devex.local'

const markSchema = z.object({ format: z.literal(1) })

/**
 * "Continue on this machine" (as Jupyter does it): `npm start` prints a URL with a one-time token, and only a browser
 * that came through it may sign in without a provider. A sandbox that can reach loopback therefore gains nothing.
 */
export interface LocalSignIn {
  /** A new one-time token for a URL. */
  newToken(): Promise<string>
  /** Trades the token for the value of `LOCAL_BROWSER_COOKIE`; `gone` if it is unknown, expired or used. */
  redeem(token: string): Promise<string>
  isKnownBrowser(cookie: string | undefined): Promise<boolean>
}

/** Tokens and browsers kept hashed in `store`. */
export function createLocalSignIn(store: StateStore): LocalSignIn {
  const remember = async (kind: 'link' | 'browser', ttlMs: number) => {
    const secret = randomBytes(TOKEN_BYTES).toString('base64url')
    await store.put(keyOf(kind, secret), { format: 1 }, { expected: 'absent', ttlMs })
    return secret
  }

  return {
    newToken: () => remember('link', LINK_TTL_MS),
    redeem: async (token) => {
      const key = keyOf('link', token)
      const record = await store.get(key)
      if (record === undefined) throw usedLink()
      try {
        await store.delete(key, { version: record.version })
      } catch (error) {
        throw error instanceof AppError && error.code === 'conflict' ? usedLink() : error
      }
      return await remember('browser', LOCAL_BROWSER_TTL_MS)
    },
    isKnownBrowser: async (cookie) => {
      if (cookie === undefined) return false
      const record = await store.get(keyOf('browser', cookie))
      return record !== undefined && markSchema.safeParse(record.value).success
    },
  }
}

function usedLink(): AppError {
  return new AppError('gone', 'This link was used already, or is too old.', {
    advice: 'The terminal that runs `npm start` prints a new one.',
  })
}

function keyOf(kind: 'link' | 'browser', secret: string): string {
  return `local-${kind}:${createHash('sha256').update(secret).digest('hex')}`
}
