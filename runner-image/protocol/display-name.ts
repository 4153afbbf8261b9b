import * as z from 'zod'
import { MAX_DISPLAY_NAME_CHARS } from './limits.ts'

const CONTROL_CHARACTERS = /\p{Cc}/u

/** A name that people give: 1 to 60 characters, no control characters. Shown as text everywhere, never as markup. */
export const displayNameSchema = z
  .string()
  .trim()
  .min(1, 'a name is needed')
  .max(MAX_DISPLAY_NAME_CHARS, `at most ${MAX_DISPLAY_NAME_CHARS} characters`)
  .refine((name) => !CONTROL_CHARACTERS.test(name), 'no control characters')
  .refine((name) => name.isWellFormed(), 'not valid Unicode')
