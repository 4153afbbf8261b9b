import { createPublicKey } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { errors, jwtVerify } from 'jose'
import { SIDECAR_AUDIENCE, sidecarClaimsSchema } from '#protocol/claims.ts'
import type { SidecarClaims } from '#protocol/claims.ts'
import { SidecarError } from './sidecar-error.ts'

export type Authorize = (request: IncomingMessage, purpose: SidecarClaims['purpose']) => Promise<void>

/** Checks that a call carries the control plane's token for this sandbox and this very route. */
export function createAuthorize(options: { publicKeyPem: string; sandboxId: string }): Authorize {
  const publicKey = createPublicKey(options.publicKeyPem)
  return async (request, purpose) => {
    const claims = await verify(request, publicKey)
    if (claims.sandbox !== options.sandboxId) throw new SidecarError('forbidden', 'This token is for another sandbox.')
    if (claims.purpose !== purpose) throw new SidecarError('forbidden', `This token is for ${claims.purpose}.`)
  }
}

async function verify(request: IncomingMessage, publicKey: Parameters<typeof jwtVerify>[1]): Promise<SidecarClaims> {
  const [, token] = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '') ?? []
  if (token === undefined) throw new SidecarError('unauthenticated', 'A token is needed.')
  try {
    const { payload } = await jwtVerify(token, publicKey, {
      algorithms: ['EdDSA'],
      audience: SIDECAR_AUDIENCE,
      requiredClaims: ['exp'],
    })
    return sidecarClaimsSchema.parse(payload)
  } catch (error) {
    if (error instanceof errors.JOSEError)
      throw new SidecarError('unauthenticated', 'This token is not valid here.', { cause: error })
    throw error
  }
}
