import { fetchRequestHandler } from '@trpc/server/adapters/fetch'
import type { ApiContext, Context } from '#server/context.ts'
import { AppError, errorResponse } from '#server/errors.ts'
import { MAX_BATCH_CALLS, MAX_BODY_BYTES } from '#server/trpc/limits.ts'
import { isOwnOrigin } from '#server/trpc/origin.ts'
import { appRouter } from '#server/trpc/router.ts'

export const TRPC_ENDPOINT = '/api/trpc'

/** What the HTTP handler needs of the application. */
export type HttpContext = ApiContext & Pick<Context, 'publicUrl'>

/** Queries by GET, changes by POST from a page of ours. Answers every fault as a response. */
export async function handleTrpc(request: Request, app: HttpContext): Promise<Response> {
  try {
    checkOrigin(request, app.publicUrl())
    return await fetchRequestHandler({
      endpoint: TRPC_ENDPOINT,
      req: await withBoundedBody(request),
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

/** A foreign page may neither change anything nor ask with a cookie that a browser would send along. */
function checkOrigin(request: Request, publicUrl: URL): void {
  const origin = request.headers.get('origin')
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  if (isRead && origin === null) return
  if (!isOwnOrigin({ origin, host: request.headers.get('host') }, publicUrl)) {
    throw new AppError('forbidden', 'This request did not come from a page of this server.', {
      advice: `Open ${publicUrl.origin} and try there.`,
    })
  }
}

/** The request with its body read, refused as soon as it turns out too long. */
async function withBoundedBody(request: Request): Promise<Request> {
  if (request.body === null) return request
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let bytes = 0
  for await (const chunk of request.body) {
    bytes += chunk.byteLength
    if (bytes > MAX_BODY_BYTES) throw new AppError('too_large', `A request has at most ${MAX_BODY_BYTES} bytes.`)
    chunks.push(new Uint8Array(chunk))
  }
  const { method, headers, signal } = request
  return new Request(request.url, { method, headers, signal, body: new Blob(chunks) })
}
