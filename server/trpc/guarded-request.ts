import { SMALL_BODY_MS, bodyInTime } from '#server/body-in-time.ts'
import { AppError } from '#server/errors.ts'
import { MAX_BODY_BYTES } from '#server/trpc/limits.ts'
import { isOwnOrigin } from '#server/trpc/origin.ts'

/**
 * The request with its body read, if a page of ours may have sent it: `forbidden` where a foreign one did, `too_large`
 * as soon as the body turns out too long, `timeout` where it does not come to its end within `bodyMs`.
 */
export async function guardedRequest(
  request: Request,
  publicUrl: URL,
  { bodyMs = SMALL_BODY_MS }: { bodyMs?: number } = {},
): Promise<Request> {
  checkOrigin(request, publicUrl)
  return await withBoundedBody(request, bodyMs)
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

async function withBoundedBody(request: Request, bodyMs: number): Promise<Request> {
  if (request.body === null) return request
  const tooLarge = () => new AppError('too_large', `A request has at most ${MAX_BODY_BYTES} bytes.`)
  const body = await bodyInTime(request.body, { maxBytes: MAX_BODY_BYTES, limitMs: bodyMs, tooLarge })
  const { method, headers, signal } = request
  return new Request(request.url, { method, headers, signal, body: new Blob([body]) })
}
