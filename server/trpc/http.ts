import { fetchRequestHandler } from '@trpc/server/adapters/fetch'
import type { ApiContext, Context } from '#server/context.ts'
import { AppError, errorResponse } from '#server/errors.ts'
import { guardedRequest } from '#server/trpc/guarded-request.ts'
import { MAX_BATCH_CALLS } from '#server/trpc/limits.ts'
import { appRouter } from '#server/trpc/router.ts'

export const TRPC_ENDPOINT = '/api/trpc'

/** What the HTTP handler needs of the application. */
export type HttpContext = ApiContext & Pick<Context, 'publicUrl'>

/** Queries by GET, changes by POST from a page of ours. Answers every fault as a response. */
export async function handleTrpc(request: Request, app: HttpContext): Promise<Response> {
  try {
    return await fetchRequestHandler({
      endpoint: TRPC_ENDPOINT,
      req: await guardedRequest(request, app.publicUrl()),
      router: appRouter,
      maxBatchSize: MAX_BATCH_CALLS,
      createContext: async () => ({ app, who: await app.auth.principalOf(request.headers.get('cookie')) }),
      responseMeta: () => ({ headers: { 'cache-control': 'no-store' } }),
    })
  } catch (error) {
    if (!(error instanceof AppError)) app.log.error('a request failed', error)
    return errorResponse(error)
  }
}
