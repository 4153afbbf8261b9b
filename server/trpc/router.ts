import { accountRouter } from '#server/trpc/account.ts'
import { agentsRouter } from '#server/trpc/agents.ts'
import { historyRouter } from '#server/trpc/history.ts'
import { createCallerFactory, router } from '#server/trpc/init.ts'
import { replsRouter } from '#server/trpc/repls.ts'
import { sharesRouter } from '#server/trpc/shares.ts'
import { templatesRouter } from '#server/trpc/templates.ts'
import { variablesRouter } from '#server/trpc/variables.ts'

/** The application's API: what pages use over HTTP and `/ws/trpc`, and tests in-process. */
export const appRouter = router({
  account: accountRouter,
  agents: agentsRouter,
  history: historyRouter,
  repls: replsRouter,
  shares: sharesRouter,
  templates: templatesRouter,
  variables: variablesRouter,
})
export type AppRouter = typeof appRouter

/** The API called in-process: server components and tests. */
export const createCaller = createCallerFactory(appRouter)
