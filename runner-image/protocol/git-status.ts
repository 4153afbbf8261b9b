import * as z from 'zod'
import { MAX_DISPLAY_NAME_CHARS, MAX_EMAIL_CHARS } from './limits.ts'

/** A file that is otherwise than in the last commit. */
const gitChangeSchema = z.object({
  path: z.string(),
  kind: z.enum(['modified', 'added', 'untracked', 'deleted', 'renamed', 'conflicted']),
  /** Of one that was renamed: its path in the last commit. */
  from: z.string().optional(),
})
export type GitChange = z.infer<typeof gitChangeSchema>
export type GitChangeKind = GitChange['kind']

/** How a workspace that is a Git repository stands beside its last commit. */
const repositorySchema = z.object({
  kind: z.literal('repository'),
  /** Absent where no branch is checked out. */
  branch: z.string().optional(),
  /** Absent before the first. */
  commit: z.string().optional(),
  /** Where the branch is pushed to, and how many commits each has that the other lacks. */
  upstream: z.object({ name: z.string(), ahead: z.int(), behind: z.int() }).optional(),
  changes: z.array(gitChangeSchema),
  /** There are more. */
  truncated: z.boolean(),
})
export type GitRepository = z.infer<typeof repositorySchema>

/** `unanswered`: Git refuses, is missing, or takes too long. */
export const gitStatusSchema = z.discriminatedUnion('kind', [
  repositorySchema,
  z.object({ kind: z.enum(['none', 'unanswered']) }),
])
export type GitStatus = z.infer<typeof gitStatusSchema>

/** Whom a commit names. Neither has a line break or what ends an address. */
export const gitAuthorSchema = z.object({
  name: z
    .string()
    .trim()
    .min(1)
    .max(MAX_DISPLAY_NAME_CHARS)
    .regex(/^[^<>\n\0]+$/),
  email: z
    .string()
    .trim()
    .min(3)
    .max(MAX_EMAIL_CHARS)
    .regex(/^[^\s<>\0]+@[^\s<>\0]+$/),
})
export type GitAuthor = z.infer<typeof gitAuthorSchema>

/** A file as the last commit has it. */
export const gitFileSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('text'), content: z.string() }),
  z.object({ kind: z.enum(['missing', 'binary', 'too_large']) }),
])
export type GitFile = z.infer<typeof gitFileSchema>
