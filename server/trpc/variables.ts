import { z } from 'zod'
import { replIdSchema } from '#protocol/ids.ts'
import { MAX_VARIABLES, variableNameSchema, variablesSchema } from '#protocol/variables.ts'
import { procedure, router } from '#server/trpc/init.ts'

/** Without a REPL: those of the asker's account. */
const scope = z.object({ replId: replIdSchema.exactOptional() })
const scopeOf = ({ replId }: z.output<typeof scope>) => (replId === undefined ? 'account' : { replId })

const values = variablesSchema.refine(
  (given) => Object.keys(given).length <= MAX_VARIABLES,
  `At most ${MAX_VARIABLES} variables at a time.`,
)

export const variablesRouter = router({
  list: procedure.input(scope).query(({ ctx, input }) => ctx.app.variables.list(ctx.who, scopeOf(input))),
  set: procedure
    .input(scope.extend({ values }))
    .mutation(({ ctx, input }) => ctx.app.variables.set(ctx.who, scopeOf(input), input.values)),
  remove: procedure
    .input(scope.extend({ name: variableNameSchema }))
    .mutation(({ ctx, input }) => ctx.app.variables.remove(ctx.who, scopeOf(input), input.name)),
})
