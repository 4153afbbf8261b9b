import * as z from 'zod'
import { MAX_PATH_CHARS, MAX_RESULT_CHARS, MIN_RESULT_CHARS, RESULT_CHARS } from './limits.ts'

/** Arguments that several tools share. */

export const pathArgument = z.string().min(1).max(MAX_PATH_CHARS)

/** `p_` and the random id of its terminal: a handle cannot be guessed, and is good in its own REPL only. */
export const processIdArgument = z
  .string()
  .regex(/^p_[a-z][a-z0-9]{15}$/, 'not a process id: take it from exec or process_list')
  .describe('The id that exec answered with, or process_list shows.')

export const maxOutputChars = z
  .int()
  .min(MIN_RESULT_CHARS)
  .max(MAX_RESULT_CHARS)
  .default(RESULT_CHARS)
  .describe('Longest result in characters. What is cut from the middle can be read with process_output.')

export const ifEtag = z
  .string()
  .min(1)
  .max(100)
  .optional()
  .describe('The etag that you read. If the file was changed since, nothing is written and you are told the new etag.')
