import * as z from 'zod'
import { agentScopeSchema } from './agents.ts'
import { opaqueIdSchema, replIdSchema, sandboxIdSchema } from './ids.ts'
import { roleSchema } from './roles.ts'

/** Who a token is for: the `aud` claim of RFC 7519. */
export const RUNNER_AUDIENCE = 'runner'
export const SIDECAR_AUDIENCE = 'sidecar'
export const CONTROL_PLANE_AUDIENCE = 'control-plane'

/**
 * Claims of an attach token (JWT, EdDSA, 60 s): one connection to a runner. The runner checks the signature with the
 * control plane's public key, `aud`, `exp`, and that repl and generation are its own.
 */
export const attachClaimsSchema = z.object({
  aud: z.literal(RUNNER_AUDIENCE),
  /** Opaque id of the user or guest. */
  sub: opaqueIdSchema,
  repl: replIdSchema,
  generation: z.int().positive(),
  role: roleSchema,
  /** Display name, set by the control plane, shown to others. */
  actor: z.string().max(200),
  /** Whether the control plane has a picture of them. */
  hasAvatar: z.boolean().exactOptional(),
  exp: z.int(),
})
export type AttachClaims = z.infer<typeof attachClaimsSchema>

/** What a connection may do, or why the sidecar is called. `purpose` keeps a token for one call from serving another. */
export const sidecarClaimsSchema = z.object({
  aud: z.literal(SIDECAR_AUDIENCE),
  sandbox: z.string(),
  purpose: z.enum(['adopt', 'save', 'restore', 'stop', 'control', 'variables']),
  exp: z.int(),
})
export type SidecarClaims = z.infer<typeof sidecarClaimsSchema>

/** Claims of the token that a pod is made with: it may say that it is up, and nothing else. */
export const BOOT_AUDIENCE = 'hello'
export const bootClaimsSchema = z.object({ aud: z.literal(BOOT_AUDIENCE), sandbox: sandboxIdSchema })
export type BootClaims = z.infer<typeof bootClaimsSchema>

/** Claims of the token a sidecar holds after adoption: what it may ask the control plane for. Valid as long as its generation is. */
export const generationClaimsSchema = z.object({
  aud: z.literal(CONTROL_PLANE_AUDIENCE),
  sandbox: z.string(),
  repl: replIdSchema,
  generation: z.int().positive(),
})
export type GenerationClaims = z.infer<typeof generationClaimsSchema>

/**
 * Claims of the token with which the control plane calls the sidecar's MCP endpoint (JWT, EdDSA, 60 s): whom the agent
 * acts for and what it may do. The sidecar checks the signature, `aud`, `exp`, and that sandbox, repl and generation are
 * its own.
 */
export const AGENT_AUDIENCE = 'mcp'
export const agentClaimsSchema = z.object({
  aud: z.literal(AGENT_AUDIENCE),
  /** Opaque id of the user. */
  sub: opaqueIdSchema,
  repl: replIdSchema,
  generation: z.int().positive(),
  sandbox: sandboxIdSchema,
  /** Already narrowed to what the user's role allows. */
  scopes: z.array(agentScopeSchema),
  /** Display name of the user, shown to others. */
  actor: z.string().max(200),
  /** What the program calls itself, or what its token is called. */
  client: z.string().max(200),
  /** Id of the grant or token that it came by. */
  connection: z.string().min(1).max(100),
  exp: z.int(),
})
export type AgentClaims = z.infer<typeof agentClaimsSchema>
