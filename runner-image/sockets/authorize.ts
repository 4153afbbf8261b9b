import { createPublicKey } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { errors, jwtVerify } from 'jose'
import type { OpenRequest } from '#protocol/adoption.ts'
import { RUNNER_AUDIENCE, attachClaimsSchema } from '#protocol/claims.ts'
import type { AttachClaims } from '#protocol/claims.ts'
import { RunnerError } from '../errors.ts'

/** Who a request is from, or why it is refused. */
export type Authorize = (request: IncomingMessage, opened: OpenRequest) => Promise<AttachClaims>

/** A token of the right form that nobody signed. */
const NO_TOKEN = 'eyJhbGciOiJFZERTQSJ9.eyJhdWQiOiJydW5uZXIifQ.AAAA'

/** Does once what the first visitor would wait for: the code that checks a token is loaded. Nothing depends on it. */
export async function warmUpAuthorize(publicKeyPem: string): Promise<void> {
  await verify(NO_TOKEN, createPublicKey(publicKeyPem)).catch(() => undefined)
}

/** Checks attach tokens (JWT, RFC 7519) that the control plane signed with the other half of `publicKeyPem`. */
export function createAuthorize(publicKeyPem: string): Authorize {
  const key = createPublicKey(publicKeyPem)
  return async (request, opened) => {
    const token = /^Bearer ([\w.-]+)$/.exec(request.headers.authorization ?? '')?.[1]
    if (token === undefined) throw new RunnerError('unauthenticated', 'This needs an attach token.')
    const claims = await verify(token, key)
    if (claims.repl !== opened.repl || claims.generation !== opened.generation) {
      throw new RunnerError('forbidden', 'This token is for another sandbox.', { advice: 'Reload the page.' })
    }
    return claims
  }
}

async function verify(token: string, key: ReturnType<typeof createPublicKey>): Promise<AttachClaims> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: ['EdDSA'],
      audience: RUNNER_AUDIENCE,
      requiredClaims: ['exp'],
    })
    const claims = attachClaimsSchema.safeParse(payload)
    if (claims.success) return claims.data
    throw new RunnerError('unauthenticated', 'This token is not valid here.', { cause: claims.error })
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error
    throw new RunnerError('unauthenticated', 'This token is not valid here.', {
      cause: error,
      advice: 'Reload the page.',
    })
  }
}
