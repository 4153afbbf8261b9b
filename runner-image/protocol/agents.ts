import * as z from 'zod'
import { opaqueIdSchema } from './ids.ts'
import { workspacePathSchema } from './paths.ts'

/**
 * What agents do and may: calls travel from the sidecar to the control plane (`POST /internal/agent-calls`) and from
 * there to pages; connections are the grants and tokens that let an agent in. Times in milliseconds since the epoch.
 */

const KIB = 1024

/** Bounds of one reported call, in UTF-16 units; who reports cuts. */
export const MAX_CALL_ARGS_CHARS = 4 * KIB
export const MAX_CALL_SUMMARY_CHARS = KIB
export const MAX_CALL_DIFF_CHARS = 8 * KIB

/** What an agent may do in a REPL. `repl:admin` is never granted unasked. */
export const agentScopeSchema = z.enum(['repl:read', 'repl:write', 'repl:exec', 'repl:admin'])
export type AgentScope = z.infer<typeof agentScopeSchema>

/** What an agent may do with somebody's account: see their REPLs; make, start, stop, fork and delete them. */
export const accountScopeSchema = z.enum(['account:read', 'account:write'])

const id = z.string().min(1).max(100)

/** One tool call. It is told when it begins and again, under the same id, when it ends. */
export const agentCallSchema = z.object({
  id,
  /** The grant or token that it came by. */
  connection: id,
  /** Whom the agent acts for, and what it calls itself: both set by the control plane. */
  actor: z.string().max(200),
  client: z.string().max(200),
  tool: z.string().max(128),
  /** JSON text, redacted. */
  args: z.string().max(MAX_CALL_ARGS_CHARS),
  startedAt: z.number(),
  /** Absent while it runs. */
  endedAt: z.number().exactOptional(),
  ok: z.boolean().exactOptional(),
  summary: z.string().max(MAX_CALL_SUMMARY_CHARS),
  /** Of files it changed, unified; redacted like the summary. */
  diff: z.string().max(MAX_CALL_DIFF_CHARS).exactOptional(),
  /** Where its command runs, in the terminal hub. */
  terminal: opaqueIdSchema.exactOptional(),
  /** Shared by calls without a pause of five minutes between them. */
  run: id,
  /** The snapshot that was taken before the run's first change. */
  checkpoint: id.exactOptional(),
})
export type AgentCall = z.infer<typeof agentCallSchema>

/** An agent that was let in: by signing in, or with a token. */
export const agentConnectionSchema = z.object({
  id,
  kind: z.enum(['oauth', 'token']),
  /** What the program calls itself, or what the token is called. */
  client: z.string().max(200),
  actor: z.string().max(200),
  scopes: z.array(agentScopeSchema),
  createdAt: z.number(),
  lastUsedAt: z.number().exactOptional(),
  expiresAt: z.number().exactOptional(),
})
export type AgentConnection = z.infer<typeof agentConnectionSchema>

/** A page of the timeline, newest first; `before` in the request is the id of the last call that is known. */
export const agentCallsPageSchema = z.object({ calls: z.array(agentCallSchema), hasMore: z.boolean() })
export type AgentCallsPage = z.infer<typeof agentCallsPageSchema>

/** Calls of one report, from a sidecar to the control plane. */
export const MAX_CALLS_PER_REPORT = 20

/** Body of `POST /internal/agent-calls`; its generation's token says which REPL. Answered with `{}`. */
export const agentCallsReportSchema = z.object({ calls: z.array(agentCallSchema).min(1).max(MAX_CALLS_PER_REPORT) })

/** What an agent asks an address of: a file to download or upload, what listens on a port, the REPL itself. */
export const agentLinkSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('file'),
    path: workspacePathSchema.min(1),
    method: z.enum(['GET', 'PUT']),
    /** Whom the agent acts for, as the token of its call says. */
    user: opaqueIdSchema,
    /** The grant or token that the agent came by: the address is good for no longer. */
    connection: id,
  }),
  z.object({
    kind: z.literal('preview'),
    port: z.int().min(1).max(65535),
    path: z.string().startsWith('/').max(2000),
    access: z.enum(['private', 'link']),
    user: opaqueIdSchema,
  }),
  z.object({ kind: z.literal('repl') }),
])
export type AgentLink = z.infer<typeof agentLinkSchema>

/** `access` of a preview: what was granted. */
export const agentLinkAnswerSchema = z.object({ url: z.string(), access: z.enum(['private', 'link']).exactOptional() })
export const agentStopSchema = z.object({ user: opaqueIdSchema })

export type AgentLinkAnswer = z.infer<typeof agentLinkAnswerSchema>
