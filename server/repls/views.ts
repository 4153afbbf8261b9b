import { z } from 'zod'
import { cloneSourceSchema } from '#protocol/adoption.ts'
import { displayNameSchema } from '#protocol/display-name.ts'
import { roleSchema } from '#protocol/roles.ts'
import type { WireError } from '#protocol/errors.ts'
import type { Role } from '#protocol/roles.ts'
import type { Work } from '#protocol/work.ts'
import type { Isolation } from '#server/orchestrator/orchestrator.ts'

/** What pages see of the domain: plain data, nothing secret. Times are milliseconds since the epoch. */

/** A step of a start or stop, as the page's checklist shows it. */
export interface PhaseView {
  name: 'sandbox' | 'restore' | 'clone' | 'open' | 'save' | 'remove'
  startedAt: number
  /** Absent while it goes on. */
  endedAt?: number
  /** "312 of 2,000 files", "Receiving objects: 40 %". */
  detail?: string
  percent?: number
}

export type ReplStateView =
  | { kind: 'stopped' }
  | { kind: 'starting'; phases: PhaseView[] }
  | { kind: 'running'; since: number }
  /** `next`: what was asked for meanwhile; absent: nothing more than to stop. */
  | { kind: 'stopping'; phases: PhaseView[]; next?: 'start' | 'delete' }
  /** `exits` are the buttons to offer to the asker. */
  | { kind: 'failed'; during: 'start' | 'run' | 'stop'; error: WireError; phases: PhaseView[]; exits: FailureExit[] }
  | { kind: 'deleted'; purgeAt: number }

/** `retry-stop` and `resume` are the only ways out of a failed save: the sandbox holds the only copy. */
export type FailureExit = 'retry-start' | 'retry-stop' | 'resume' | 'delete'

/** Somebody, as others see them. */
export interface PersonView {
  id: string
  name: string
  hasAvatar: boolean
}

export interface ReplView {
  id: string
  name: string
  /** Key of its template; `empty` for what came from Git and matched none. */
  template: string
  source: { kind: 'template' } | { kind: 'git'; url: string; branch?: string }
  state: ReplStateView
  generation: number
  /** What the asker may do here, and whose it is. */
  role: Role
  owner: { id: string; name: string }
  createdAt: number
  lastUsedAt: number
  /** Last size of the workspace, and the last snapshot in the store. */
  usedBytes?: number
  savedAt?: number
  /** Since when changes could not be backed up. */
  unsavedSince?: number
  /** Ports whose preview anybody may open. */
  publicPorts: number[]
  /** When it is stopped, should nothing more happen in it: to the minute. */
  sleepsAt?: number
  /** The last sign of work, to the minute, and which it was: why it is awake. Absent `by`: a start, or somebody's visit. */
  lastWork?: { at: number; by?: Work }
  /** Until when somebody wants it to stay awake; absent once that is over. */
  awakeUntil?: number
  /** Others who have its page open. In lists only; absent where nobody has. */
  people?: PersonView[]
  /** A stop deletes it. */
  isEphemeral?: true
  /** It is deleted then, whether or not it is used. */
  expiresAt?: number
  isolation: Isolation
}

export interface TemplateView {
  key: string
  title: string
  description: string
  /** Name of an icon in `components/ui/template-icon.tsx`. */
  icon: string
  run: { command: string; port?: number }
  /** Whether its toolchain is here, and what to install if not. */
  available: boolean
  install?: string
}

export interface ShareView {
  id: string
  role: Exclude<Role, 'owner'>
  createdAt: number
  expiresAt?: number
  /** A viewer link that works without signing in. */
  allowSignedOut: boolean
  /** People who opened it while signed in; `isOut`: from whom that was taken back. */
  people: { id: string; name: string; isOut?: true }[]
}

/** An environment variable that somebody set: what a page sees of it. */
export interface VariableView {
  name: string
  changedAt: number
  /** Who set it. */
  by: string
}

export interface AccountView {
  id: string
  name: string
  kind: 'user' | 'guest'
  hasAvatar: boolean
  isAdmin: boolean
  limits: { repls: number; running: number }
  /** A loopback install: its links work on this machine only. */
  isLocal: boolean
}

/** Longest time to live that can be asked for: 30 days. What is to stay longer is to stay. */
export const MAX_TTL_MINUTES = 30 * 24 * 60

/** Longest that a repl can be asked to stay awake without use. */
export const MAX_AWAKE_MINUTES = 24 * 60

/** A repl's name. */
export const replNameSchema = displayNameSchema

export const createReplSchema = z.object({
  /** Absent: made from the template's title or the repository's name. */
  name: replNameSchema.optional(),
  source: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('template'), template: z.string().min(1).max(60) }),
    cloneSourceSchema.extend({ kind: z.literal('git') }),
  ]),
  /** Deleted with its sandbox: when it is stopped, by whomever, or for want of use. */
  ephemeral: z.boolean().optional(),
  /** Deleted after so long, whether or not it is used. */
  ttlMinutes: z.int().min(1).max(MAX_TTL_MINUTES).optional(),
})
export type CreateRepl = z.output<typeof createReplSchema>

export const createShareSchema = z.object({
  role: roleSchema.exclude(['owner']),
  expiresAt: z.number().int().positive().optional(),
  allowSignedOut: z.boolean().default(false),
})
export type CreateShare = z.output<typeof createShareSchema>
