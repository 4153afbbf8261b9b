import { z } from 'zod'

/** What waiting shells are started with. Another one replaces them. */
export const configureSchema = z.object({ env: z.record(z.string(), z.string()), cwd: z.string() })
export type Configure = z.infer<typeof configureSchema>

/** A command: a script for a waiting shell, or a program of its own. */
export const startSchema = z.object({
  run: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('script'), script: z.string() }),
    z.object({
      kind: z.literal('program'),
      file: z.string(),
      args: z.array(z.string()),
      cwd: z.string(),
      env: z.record(z.string(), z.string()),
    }),
  ]),
})
export type StartMessage = z.infer<typeof startSchema>

export const startedSchema = z.object({ pid: z.int() })
export const exitedSchema = z.object({ code: z.int().nullable(), signal: z.string().nullable() })
export const failedSchema = z.object({ errno: z.string().optional(), message: z.string() })

/** Variables in the form that Node's own functions take: there, NODE_ENV is not optional. */
export const processEnvironment = z.custom<NodeJS.ProcessEnv>((value) => typeof value === 'object')
