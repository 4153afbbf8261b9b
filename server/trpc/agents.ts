import { z } from 'zod'
import { agentScopeSchema } from '#protocol/agents.ts'
import { displayNameSchema } from '#protocol/display-name.ts'
import { replIdSchema } from '#protocol/ids.ts'
import { grantScopeSchema } from '#server/agents/connection-record.ts'
import { procedure, router } from '#server/trpc/init.ts'

const byId = z.object({ replId: replIdSchema })
const id = z.string().min(1).max(100)
const expiresAt = z.int().positive()

const tokens = router({
  /** For one REPL. */
  create: procedure
    .input(byId.extend({ name: displayNameSchema, scopes: z.array(agentScopeSchema).min(1), expiresAt }))
    .mutation(({ ctx, input: { replId, ...wanted } }) =>
      ctx.app.agents.createToken(ctx.who, { resource: { kind: 'repl', replId }, ...wanted }),
    ),
  /** For the account, and if they are named the rights in every REPL of theirs. */
  createForAccount: procedure
    .input(z.object({ name: displayNameSchema, scopes: z.array(grantScopeSchema).min(1), expiresAt }))
    .mutation(({ ctx, input }) => ctx.app.agents.createToken(ctx.who, { resource: { kind: 'account' }, ...input })),
  list: procedure.query(async ({ ctx }) => (await ctx.app.agents.mine(ctx.who)).filter(({ kind }) => kind === 'token')),
  revoke: procedure
    .input(z.object({ connectionId: id }))
    .mutation(({ ctx, input }) => ctx.app.agents.cut(ctx.who, input.connectionId)),
})

export const agentsRouter = router({
  connections: procedure.input(byId).query(({ ctx, input }) => ctx.app.agents.connections(ctx.who, input.replId)),
  mine: procedure.query(({ ctx }) => ctx.app.agents.mine(ctx.who)),
  cut: procedure
    .input(z.object({ connectionId: id }))
    .mutation(({ ctx, input }) => ctx.app.agents.cut(ctx.who, input.connectionId)),
  calls: procedure
    .input(byId.extend({ before: id.exactOptional() }))
    .query(({ ctx, input }) => ctx.app.agents.calls(ctx.who, input.replId, input.before)),
  watch: procedure
    .input(byId)
    .subscription(({ ctx, input, signal }) =>
      ctx.app.agents.watch(ctx.who, input.replId, signal ?? AbortSignal.abort()),
    ),
  undoRun: procedure
    .input(byId.extend({ run: id }))
    .mutation(({ ctx, input }) => ctx.app.agents.undoRun(ctx.who, input.replId, input.run)),
  tokens,
})
