import type { AccountView } from '#server/repls/views.ts'
import { procedure, router } from '#server/trpc/init.ts'

export const accountRouter = router({
  get: procedure.query(({ ctx: { app, who } }): AccountView => ({
    id: who.id,
    name: who.name,
    kind: who.kind,
    hasAvatar: who.kind === 'user' && who.hasAvatar,
    isAdmin: who.kind === 'user' && who.isAdmin,
    limits: { repls: app.env.REPLS_PER_USER, running: app.env.RUNNING_REPLS_PER_USER },
    isLocal: app.env.github === undefined,
  })),
})
