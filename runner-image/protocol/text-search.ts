import * as z from 'zod'
import { MAX_QUERY_CHARS } from './limits.ts'

/** What a person searches the text of files for. `isRegex`: `text` is a pattern, otherwise it is meant as it stands. */
export const textQuerySchema = z.object({
  text: z.string().min(1).max(MAX_QUERY_CHARS),
  isRegex: z.boolean(),
  matchCase: z.boolean(),
  wholeWord: z.boolean(),
})
export type TextQuery = z.infer<typeof textQuerySchema>

/** A place where it stands. */
const foundMatchSchema = z.object({
  /** Counted from one. */
  line: z.int(),
  /** In UTF-16 code units, from the line's begin. */
  start: z.int(),
  length: z.int(),
  /** The line about it, cut where it is long, and where in there it begins. */
  text: z.string(),
  at: z.int(),
})
export type FoundMatch = z.infer<typeof foundMatchSchema>

export const foundFileSchema = z.object({ path: z.string(), matches: z.array(foundMatchSchema) })
export type FoundFile = z.infer<typeof foundFileSchema>

/** How a search ended. `stoppedBy`: which limit left the rest out. */
export const foundSchema = z.object({
  matches: z.int(),
  files: z.int(),
  filesSearched: z.int(),
  filesTooLarge: z.int(),
  stoppedBy: z.enum(['matches', 'time', 'files']).optional(),
})
export type Found = z.infer<typeof foundSchema>
