import { z } from 'zod'
import { opaqueIdSchema, replIdSchema } from '#protocol/ids.ts'
import { procedure, router } from '#server/trpc/init.ts'
import { createShareSchema } from '#server/repls/views.ts'

const ofRepl = z.object({ replId: replIdSchema })

export const sharesRouter = router({
  create: procedure
    .input(createShareSchema.extend(ofRepl.shape))
    .mutation(({ ctx, input: { replId, ...input } }) => ctx.app.shares.create(ctx.who, replId, input)),
  list: procedure.input(ofRepl).query(({ ctx, input }) => ctx.app.shares.list(ctx.who, input.replId)),
  revoke: procedure
    .input(ofRepl.extend({ shareId: opaqueIdSchema }))
    .mutation(({ ctx, input }) => ctx.app.shares.revoke(ctx.who, input.replId, input.shareId)),
  setOut: procedure
    .input(ofRepl.extend({ shareId: opaqueIdSchema, personId: opaqueIdSchema, isOut: z.boolean() }))
    .mutation(({ ctx, input: { replId, ...person } }) => ctx.app.shares.setOut(ctx.who, replId, person)),
})
