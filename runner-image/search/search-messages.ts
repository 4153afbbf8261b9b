import * as z from 'zod'
import { foundFileSchema, foundSchema, textQuerySchema } from '#protocol/text-search.ts'

const where = {
  /** Absolute folder or file, and the outermost folder whose ignore rules count. */
  root: z.string(),
  rulesFrom: z.string(),
  includeIgnored: z.boolean(),
}

/** What the thread that searches is asked. */
export const searchRequestSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('glob'), ...where, pattern: z.string(), limit: z.int() }),
  z.object({
    kind: z.literal('grep'),
    ...where,
    pattern: z.string(),
    glob: z.string().optional(),
    mode: z.enum(['content', 'files', 'count']),
    context: z.int(),
    ignoreCase: z.boolean(),
    multiline: z.boolean(),
    limit: z.int(),
  }),
  z.object({
    kind: z.literal('find'),
    ...where,
    query: textQuerySchema,
    include: z.array(z.string()),
    exclude: z.array(z.string()),
  }),
])
export type SearchRequest = z.infer<typeof searchRequestSchema>
export type GrepSearch = Extract<SearchRequest, { kind: 'grep' }>
export type FindSearch = Extract<SearchRequest, { kind: 'find' }>
export type GlobSearch = Extract<SearchRequest, { kind: 'glob' }>

export const globAnswerSchema = z.object({
  kind: z.literal('glob'),
  found: z.array(
    z.object({ path: z.string(), size: z.number(), mtime: z.number(), mode: z.int(), isFile: z.boolean() }),
  ),
  total: z.int(),
  truncated: z.boolean(),
})
export type GlobAnswer = z.infer<typeof globAnswerSchema>

export const grepAnswerSchema = z.object({
  kind: z.literal('grep'),
  lines: z.array(z.object({ path: z.string(), line: z.int(), text: z.string(), isContext: z.boolean() })),
  counts: z.array(z.object({ path: z.string(), count: z.int() })),
  matches: z.int(),
  filesSearched: z.int(),
  filesTooLarge: z.int(),
  truncated: z.boolean(),
})
export type GrepAnswer = z.infer<typeof grepAnswerSchema>

const findAnswerSchema = z.object({ kind: z.literal('find'), ...foundSchema.shape })
export type FindAnswer = z.infer<typeof findAnswerSchema>

/** What the thread tells of a search while it is at it. */
export const searchNewsSchema = z.object({ id: z.int(), found: z.array(foundFileSchema) })

export const searchAnswerSchema = z.object({
  id: z.int(),
  answer: z.discriminatedUnion('kind', [
    globAnswerSchema,
    grepAnswerSchema,
    findAnswerSchema,
    z.object({ kind: z.literal('refused'), reason: z.string(), advice: z.string().optional() }),
  ]),
})
