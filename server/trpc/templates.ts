import { procedure, router } from '#server/trpc/init.ts'

export const templatesRouter = router({
  list: procedure.query(({ ctx }) => ctx.app.templates.list()),
})
