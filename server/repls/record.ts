import { z } from 'zod'
import { cloneSourceSchema, runDefaultsSchema } from '#protocol/adoption.ts'
import { wireErrorSchema } from '#protocol/errors.ts'
import { opaqueIdSchema, replIdSchema, sandboxIdSchema } from '#protocol/ids.ts'
import { workSchema } from '#protocol/work.ts'
import type { WorkspaceRef } from '#server/workspaces/workspaces.ts'

/** The stored form of a repl. An older format is migrated here when read; a newer one is refused. */
export const REPL_FORMAT = 1

const time = z.number()

export const phaseSchema = z.object({
  name: z.enum(['sandbox', 'restore', 'clone', 'open', 'save', 'remove']),
  startedAt: time,
  endedAt: time.exactOptional(),
  detail: z.string().exactOptional(),
  percent: z.number().exactOptional(),
})
export type Phase = z.output<typeof phaseSchema>

const stateSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('stopped') }),
  z.object({
    kind: z.literal('starting'),
    /** `fresh`: a new generation, nothing of it worth keeping yet. `resume-…`: a sandbox with work in it is brought back. */
    mode: z.enum(['fresh', 'resume-run', 'resume-stop']),
    /** Named here before it is touched, so that whoever finishes the start finds it. */
    sandboxId: sandboxIdSchema.nullable(),
    phases: z.array(phaseSchema),
    revivals: z.int(),
  }),
  z.object({
    kind: z.literal('running'),
    sandboxId: sandboxIdSchema,
    since: time,
    /** How often its runner was restarted without a stable time between. */
    revivals: z.int(),
  }),
  z.object({
    kind: z.literal('stopping'),
    sandboxId: sandboxIdSchema.nullable(),
    /** `cancelled`: a start that was called off has nothing to save. Only `saved` and `cancelled` sandboxes are removed. */
    work: z.enum(['unsaved', 'saved', 'cancelled']),
    /** What was asked for after the stop. */
    next: z.enum(['stop', 'start', 'delete']),
    phases: z.array(phaseSchema),
  }),
  z.object({
    kind: z.literal('failed'),
    during: z.enum(['start', 'run', 'stop']),
    error: wireErrorSchema,
    phases: z.array(phaseSchema),
    /** A sandbox that is kept because it holds the only copy of some work. */
    sandboxId: sandboxIdSchema.nullable(),
  }),
  z.object({
    kind: z.literal('deleted'),
    purgeAt: time,
    /** Its objects are being deleted: too late to restore. */
    isPurging: z.boolean(),
  }),
])
export type ReplState = z.output<typeof stateSchema>

export const replSchema = z.object({
  format: z.literal(REPL_FORMAT),
  id: replIdSchema,
  name: z.string(),
  template: z.string(),
  source: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('template') }),
    cloneSourceSchema.extend({
      kind: z.literal('git'),
      /** Whether a clone has ended well: until then a start clones. */
      isCloned: z.boolean(),
    }),
  ]),
  /** What Run does, where it was guessed; else the template says. */
  run: runDefaultsSchema.exactOptional(),
  owner: z.object({ id: opaqueIdSchema, name: z.string() }),
  /** Each start takes the next: a late message of an older one can do nothing. */
  generation: z.int().min(0),
  /** The highest fence of a lease under which somebody drove this repl: a driver with a lower one is too late. */
  fence: z.int(),
  state: stateSchema,
  createdAt: time,
  lastUsedAt: time,
  /** Last work seen by the sandbox itself, for the idle rule. */
  activeAt: time,
  /** Which work that was; absent where nothing but a start was seen. */
  activeBy: workSchema.exactOptional(),
  usedBytes: z.int().exactOptional(),
  savedAt: time.exactOptional(),
  unsavedSince: time.exactOptional(),
  publicPorts: z.array(z.int()),
  /** Not stopped for want of use before. */
  awakeUntil: time.exactOptional(),
  /** Deleted with its sandbox: a stop deletes it. */
  isEphemeral: z.literal(true).exactOptional(),
  /** Deleted then, whether or not it is used. */
  expiresAt: time.exactOptional(),
})
export type Repl = z.output<typeof replSchema>

/** The sandbox that this repl holds now, if any. */
export function sandboxOf(repl: Repl): string | undefined {
  return 'sandboxId' in repl.state ? (repl.state.sandboxId ?? undefined) : undefined
}

/** Whether it takes one of the places for running repls. */
export function isRunningPlace(repl: Repl): boolean {
  const { kind } = repl.state
  return kind === 'starting' || kind === 'running' || kind === 'stopping' || sandboxOf(repl) !== undefined
}

/** Whether somebody must be at work on it. */
export function isMoving(repl: Repl): boolean {
  return repl.state.kind === 'starting' || repl.state.kind === 'stopping'
}

/** When something was last done in it, by a person or a program. */
export function lastWork({ activeAt, lastUsedAt }: Repl): number {
  return Math.max(activeAt, lastUsedAt)
}

/** When it is stopped, should nothing more happen in it. */
export function sleepsAt(repl: Repl, idleStopMs: number): number {
  return Math.max(lastWork(repl) + idleStopMs, repl.awakeUntil ?? 0)
}

/** The repl without an end of its own. */
export function kept(repl: Repl): Repl {
  const { isEphemeral: _, expiresAt: __, ...lasting } = repl
  return lasting
}

/** Where its files are, and what lies beside them for people who look into the store. */
export function workspaceOf(repl: Repl): WorkspaceRef {
  return { replId: repl.id, ownerId: repl.owner.id, name: repl.name }
}
