import { createPublicKey } from 'node:crypto'
import { errors, jwtVerify } from 'jose'
import { AGENT_AUDIENCE, agentClaimsSchema } from '#protocol/claims.ts'
import type { AgentClaims } from '#protocol/claims.ts'
import { SidecarError } from '../sidecar-error.ts'
import { MAX_KNOWN_TOKENS } from './limits.ts'

export type Identify = (authorization: string | undefined) => Promise<AgentClaims>

interface IdentifyOptions {
  publicKeyPem: string
  sandboxId: string
  owner: () => { repl: string; generation: number } | null
}

/** Who calls: the claims of the control plane's token, if it is good for this sandbox in the hands of its repl. */
export function createIdentify({ publicKeyPem, sandboxId, owner }: IdentifyOptions): Identify {
  const publicKey = createPublicKey(publicKeyPem)
  const known = new Map<string, AgentClaims>()

  const verify = async (token: string): Promise<AgentClaims> => {
    const before = known.get(token)
    if (before !== undefined && before.exp * 1000 > Date.now()) return before
    const { payload } = await jwtVerify(token, publicKey, {
      algorithms: ['EdDSA'],
      audience: AGENT_AUDIENCE,
      requiredClaims: ['exp'],
    })
    const claims = agentClaimsSchema.parse(payload)
    for (const [oldest] of known) {
      if (known.size < MAX_KNOWN_TOKENS) break
      known.delete(oldest)
    }
    known.set(token, claims)
    return claims
  }

  return async (authorization) => {
    const [, token] = /^Bearer (\S+)$/.exec(authorization ?? '') ?? []
    if (token === undefined) throw new SidecarError('unauthenticated', 'A token is needed.')
    const claims = await verify(token).catch((cause: unknown) => {
      if (!(cause instanceof errors.JOSEError)) throw cause
      throw new SidecarError('unauthenticated', 'This token is not valid here.', { cause })
    })
    if (claims.sandbox !== sandboxId) throw new SidecarError('forbidden', 'This token is for another sandbox.')
    const identity = owner()
    if (identity === null)
      throw new SidecarError('unavailable', 'This REPL is still starting.', { advice: 'Try again in a few seconds.' })
    if (identity.repl !== claims.repl || identity.generation !== claims.generation)
      throw new SidecarError('forbidden', 'This token is for another REPL, or for an earlier start of this one.')
    return claims
  }
}
