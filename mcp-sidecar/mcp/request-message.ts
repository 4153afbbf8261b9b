import * as z from 'zod'

export const idSchema = z.union([z.string(), z.number()])

/** A message of JSON-RPC 2.0 that wants an answer, as far as it says which. */
export const requestSchema = z.object({ id: idSchema, method: z.string() })
