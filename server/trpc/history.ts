import { z } from 'zod'
import { displayNameSchema } from '#protocol/display-name.ts'
import { replIdSchema } from '#protocol/ids.ts'
import { workspacePathSchema } from '#protocol/paths.ts'
import { MAX_RESTORED_PATHS } from '#server/trpc/limits.ts'
import { procedure, router } from '#server/trpc/init.ts'

const byId = z.object({ replId: replIdSchema })
const snapshot = byId.extend({ id: z.string().min(1).max(100) })
const paths = z.array(workspacePathSchema.min(1)).min(1).max(MAX_RESTORED_PATHS).exactOptional()

export const historyRouter = router({
  list: procedure.input(byId).query(({ ctx, input }) => ctx.app.history.list(ctx.who, input.replId)),
  checkpoint: procedure
    .input(byId.extend({ name: displayNameSchema }))
    .mutation(({ ctx, input }) => ctx.app.history.checkpoint(ctx.who, input.replId, input.name)),
  rename: procedure
    .input(snapshot.extend({ name: displayNameSchema.nullable() }))
    .mutation(({ ctx, input }) => ctx.app.history.rename(ctx.who, input.replId, input)),
  forget: procedure
    .input(snapshot)
    .mutation(({ ctx, input }) => ctx.app.history.forget(ctx.who, input.replId, input.id)),
  recall: procedure
    .input(snapshot)
    .mutation(({ ctx, input }) => ctx.app.history.recall(ctx.who, input.replId, input.id)),
  remove: procedure
    .input(snapshot)
    .mutation(({ ctx, input }) => ctx.app.history.remove(ctx.who, input.replId, input.id)),
  diff: procedure
    .input(byId.extend({ from: z.string().min(1).max(100), to: z.string().min(1).max(100) }))
    .query(({ ctx, input }) => ctx.app.history.diff(ctx.who, input.replId, input)),
  tree: procedure
    .input(byId.extend({ id: z.string().min(1).max(100).exactOptional() }))
    .query(({ ctx, input }) => ctx.app.history.tree(ctx.who, input.replId, input.id)),
  file: procedure
    .input(snapshot.extend({ path: workspacePathSchema.min(1) }))
    .query(({ ctx, input }) => ctx.app.history.file(ctx.who, input.replId, input)),
  restore: procedure
    .input(snapshot.extend({ paths }))
    .mutation(({ ctx, input: { replId, ...what } }) => ctx.app.history.restore(ctx.who, replId, what)),
  fork: procedure
    .input(byId.extend({ id: z.string().min(1).max(100).exactOptional(), name: displayNameSchema.exactOptional() }))
    .mutation(({ ctx, input: { replId, ...what } }) => ctx.app.history.fork(ctx.who, replId, what)),
})
