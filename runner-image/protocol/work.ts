import { z } from 'zod'

/** Longest name of a program that is told; the kernel's own end at 15 characters. */
const MAX_PROGRAM_LENGTH = 64

/** What was last seen at work in a sandbox, so that people can read why a REPL is awake. `program` used the processor. */
export const workSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.enum(['terminal', 'page', 'files', 'preview', 'agent']) }),
  z.object({ kind: z.literal('program'), name: z.string().max(MAX_PROGRAM_LENGTH) }),
])
export type Work = z.output<typeof workSchema>
/** What the runner hears of at once; that a program is busy it finds out when asked. */
export type HeardWork = Exclude<Work, { kind: 'program' }>['kind']
