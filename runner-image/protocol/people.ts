import * as z from 'zod'
import { opaqueIdSchema } from './ids.ts'
import { MAX_PLACES, MAX_PLACE_CHARS } from './limits.ts'
import { workspacePathSchema } from './paths.ts'
import { roleSchema } from './roles.ts'

/** What somebody has before them: a file or a terminal. */
export const placeSchema = z.union([
  z.strictObject({ file: workspacePathSchema.min(1).max(MAX_PLACE_CHARS) }),
  z.strictObject({ terminal: opaqueIdSchema }),
])
export type Place = z.infer<typeof placeSchema>

/** Somebody who is here, with all their pages. Who they are and what they may do is from their tokens, never from the pages. */
export const personSchema = z.object({
  id: opaqueIdSchema,
  name: z.string(),
  role: roleSchema,
  hasAvatar: z.boolean(),
  /** Where their pages are, the one that moved last first. */
  places: z.array(placeSchema).max(MAX_PLACES),
})
export type Person = z.infer<typeof personSchema>
