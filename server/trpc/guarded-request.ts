import { AppError } from '#server/errors.ts'
import { MAX_BODY_BYTES } from '#server/trpc/limits.ts'
import { isOwnOrigin } from '#server/trpc/origin.ts'

/**
 * The request with its body read, if a page of ours may have sent it: `forbidden` where a foreign one did, `too_large`
 * as soon as the body turns out too long.
 */
export async function guardedRequest(request: Request, publicUrl: URL): Promise<Request> {
  checkOrigin(request, publicUrl)
  return await withBoundedBody(request)
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
