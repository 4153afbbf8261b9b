import { z } from 'zod'
import { replIdSchema } from '#protocol/ids.ts'
import { procedure, router } from '#server/trpc/init.ts'
import { MAX_AWAKE_MINUTES, createReplSchema, replNameSchema } from '#server/repls/views.ts'

const byId = z.object({ replId: replIdSchema })

export const replsRouter = router({
  list: procedure.query(({ ctx }) => ctx.app.repls.list(ctx.who)),
  get: procedure.input(byId).query(({ ctx, input }) => ctx.app.repls.get(ctx.who, input.replId)),
  create: procedure.input(createReplSchema).mutation(({ ctx, input }) => ctx.app.repls.create(ctx.who, input)),
  rename: procedure
    .input(byId.extend({ name: replNameSchema }))
    .mutation(({ ctx, input }) => ctx.app.repls.rename(ctx.who, input.replId, input.name)),
  keep: procedure.input(byId).mutation(({ ctx, input }) => ctx.app.repls.keep(ctx.who, input.replId)),
  keepAwake: procedure
    .input(byId.extend({ minutes: z.int().min(0).max(MAX_AWAKE_MINUTES) }))
    .mutation(({ ctx, input }) => ctx.app.repls.keepAwake(ctx.who, input.replId, input.minutes)),
  start: procedure.input(byId).mutation(({ ctx, input }) => ctx.app.repls.start(ctx.who, input.replId)),
  stop: procedure.input(byId).mutation(({ ctx, input }) => ctx.app.repls.stop(ctx.who, input.replId)),
  delete: procedure.input(byId).mutation(({ ctx, input }) => ctx.app.repls.delete(ctx.who, input.replId)),
  restore: procedure.input(byId).mutation(({ ctx, input }) => ctx.app.repls.restore(ctx.who, input.replId)),
  setPortPublic: procedure
    .input(byId.extend({ port: z.int().min(1).max(65535), isPublic: z.boolean() }))
    .mutation(({ ctx, input }) =>
      ctx.app.repls.setPortPublic(ctx.who, input.replId, { port: input.port, isPublic: input.isPublic }),
    ),
  watch: procedure
    .input(byId)
    .subscription(({ ctx, input, signal }) =>
      ctx.app.repls.watch(ctx.who, input.replId, signal ?? AbortSignal.abort()),
    ),
  watchList: procedure.subscription(({ ctx, signal }) =>
    ctx.app.repls.watchList(ctx.who, signal ?? AbortSignal.abort()),
  ),
})
