import { createLocalJWKSet, errors, jwtVerify } from 'jose'
import { z } from 'zod'
import { AppError } from '#server/errors.ts'
import type { Keyring } from '#server/auth/oauth/keyring.ts'

const claimsSchema = z.object({ connection: z.string(), scope: z.string().default('') })

/** Checks the access tokens that the authorization server issues. Whether the grant still stands is the caller's question. */
export interface AccessTokens {
  /** `unauthenticated` unless it is ours, has not expired, and is for `audience` (RFC 8707). */
  verify(token: string, audience: string): Promise<{ connectionId: string; scopes: string[] }>
}

export function createAccessTokens(keyring: Keyring, issuer: () => string): AccessTokens {
  const check = async (token: string, audience: string) => {
    const jwks = createLocalJWKSet(await keyring.publicKeys())
    return (await jwtVerify(token, jwks, { issuer: issuer(), audience, algorithms: ['EdDSA'], typ: 'at+jwt' })).payload
  }
  return {
    verify: async (token, audience) => {
      try {
        const payload = await check(token, audience).catch(async (error: unknown) => {
          // Another replica may have begun to sign with a new key.
          if (!(error instanceof errors.JWKSNoMatchingKey) || !(await keyring.refresh())) throw error
          return check(token, audience)
        })
        const { connection, scope } = claimsSchema.parse(payload)
        return { connectionId: connection, scopes: scope.split(' ') }
      } catch (error) {
        throw refusalOf(error)
      }
    },
  }
}

function refusalOf(error: unknown): unknown {
  if (error instanceof errors.JWTExpired)
    return new AppError('unauthenticated', 'This token has expired.', { advice: 'Refresh it, or sign in again.' })
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'aud')
    return new AppError('unauthenticated', 'This token is for another address.', {
      advice: 'Sign in at this one: each REPL lets agents in by itself.',
    })
  if (error instanceof errors.JOSEError || error instanceof z.ZodError)
    return new AppError('unauthenticated', 'This token is not valid here.', { cause: error, advice: 'Sign in again.' })
  return error
}
