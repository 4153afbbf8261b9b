import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { SignJWT, errors, jwtVerify } from 'jose'
import {
  AGENT_AUDIENCE,
  BOOT_AUDIENCE,
  CONTROL_PLANE_AUDIENCE,
  RUNNER_AUDIENCE,
  SIDECAR_AUDIENCE,
  bootClaimsSchema,
  generationClaimsSchema,
} from '#protocol/claims.ts'
import { ATTACH_TOKEN_TTL_MS } from '#protocol/limits.ts'
import type { AgentClaims, AttachClaims, BootClaims, GenerationClaims, SidecarClaims } from '#protocol/claims.ts'
import { AppError } from '#server/errors.ts'

/** Signed tokens (JWT, RFC 7519; EdDSA, RFC 8037) between control plane, runner and sidecar. */
export interface Tokens {
  /** PEM (SPKI): what a sandbox checks signatures with. Not secret. */
  readonly publicKey: string
  attach(claims: Omit<AttachClaims, 'aud' | 'exp'>): Promise<string>
  sidecar(claims: Omit<SidecarClaims, 'aud' | 'exp'>): Promise<string>
  generation(claims: Omit<GenerationClaims, 'aud'>): Promise<string>
  /** For one call of an agent to a sidecar's MCP endpoint. */
  agent(claims: Omit<AgentClaims, 'aud' | 'exp'>): Promise<string>
  /** What a pod is made with, to say that it is up. */
  boot(claims: Omit<BootClaims, 'aud'>): Promise<string>
  verifyBoot(token: string): Promise<BootClaims>
  /** The claims, or `unauthenticated`. Whether the generation is still the newest is the caller's question. */
  verifyGeneration(token: string): Promise<GenerationClaims>
}

/** A new signing key: PEM (PKCS #8). */
export function newSigningKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** Tokens signed with `privateKeyPem`. */
export function createTokens(privateKeyPem: string): Tokens {
  const privateKey = createPrivateKey(privateKeyPem)
  const publicKey = createPublicKey(privateKey)

  const sign = (audience: string, claims: Record<string, unknown>, ttlMs?: number) => {
    const token = new SignJWT({ ...claims }).setProtectedHeader({ alg: 'EdDSA' }).setIssuedAt().setAudience(audience)
    if (ttlMs !== undefined) token.setExpirationTime(new Date(Date.now() + ttlMs))
    return token.sign(privateKey)
  }

  const verify = async (token: string, audience: string) => {
    try {
      return (await jwtVerify(token, publicKey, { algorithms: ['EdDSA'], audience })).payload
    } catch (error) {
      if (error instanceof errors.JOSEError)
        throw new AppError('unauthenticated', 'This token is not valid here.', { cause: error })
      throw error
    }
  }

  return {
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    attach: (claims) => sign(RUNNER_AUDIENCE, claims, ATTACH_TOKEN_TTL_MS),
    sidecar: (claims) => sign(SIDECAR_AUDIENCE, claims, ATTACH_TOKEN_TTL_MS),
    agent: (claims) => sign(AGENT_AUDIENCE, claims, ATTACH_TOKEN_TTL_MS),
    generation: (claims) => sign(CONTROL_PLANE_AUDIENCE, claims),
    verifyGeneration: async (token) => generationClaimsSchema.parse(await verify(token, CONTROL_PLANE_AUDIENCE)),
    boot: (claims) => sign(BOOT_AUDIENCE, claims),
    verifyBoot: async (token) => bootClaimsSchema.parse(await verify(token, BOOT_AUDIENCE)),
  }
}
