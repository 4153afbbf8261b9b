import type { Readable } from 'node:stream'
import { z } from 'zod'
import { replIdSchema } from '#protocol/ids.ts'
import type { Context } from '#server/context.ts'
import { AppError, errorResponse } from '#server/errors.ts'
import { refuseOtherSites } from '#server/gateway/origin.ts'
import { ARCHIVE_FORMATS } from '#server/workspaces/history/archive.ts'

const querySchema = z.object({
  format: z.enum(ARCHIVE_FORMATS).default('zip'),
  snapshot: z.string().min(1).max(100).exactOptional(),
})

const partSchema = z.instanceof(Uint8Array)

const TYPES = { zip: 'application/zip', 'tar.gz': 'application/gzip' } as const

/**
 * `GET /r/<replId>/archive?format=zip|tar.gz&snapshot=<id>`: a REPL's project, as it is now or was then, whether or not
 * it runs. Streamed as it is read from the store.
 */
export async function downloadArchive(request: Request, app: Context, replId: string): Promise<Response> {
  try {
    // What is asked for is saved first: a page of another site must not begin that.
    refuseOtherSites(request.headers.get('sec-fetch-site'))
    const { format, snapshot: id } = querySchema.parse(Object.fromEntries(new URL(request.url).searchParams))
    const who = await app.auth.principalOf(request.headers.get('cookie'))
    if (who === undefined) throw new AppError('unauthenticated', 'Sign in first.')
    const asked = { format, ...(id !== undefined && { id }) }
    const { name, content } = await app.history.archive(who, replIdSchema.parse(replId), asked)
    return new Response(streamOf(content), {
      headers: {
        'content-type': TYPES[format],
        'content-disposition': attachment(name),
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'cross-origin-resource-policy': 'same-origin',
      },
    })
  } catch (error) {
    if (!(error instanceof AppError)) app.log.error('a download failed', error, { repl: replId })
    return errorResponse(error)
  }
}

/** Read as fast as the browser takes it, and given up when it goes away. */
function streamOf(content: Readable): ReadableStream<Uint8Array<ArrayBuffer>> {
  const parts = content[Symbol.asyncIterator]()
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull: async (controller) => {
        const { done, value } = await parts.next()
        if (done === true) controller.close()
        else controller.enqueue(Uint8Array.from(partSchema.parse(value)))
      },
      cancel: () => void content.destroy(),
    },
    { highWaterMark: 0 },
  )
}

/** RFC 6266: the name in ASCII for old clients, and as it is (RFC 8187). */
function attachment(name: string): string {
  const plain = name.replaceAll(/[^\w .()-]/g, '_')
  const exact = encodeURIComponent(name).replaceAll(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${plain}"; filename*=UTF-8''${exact}`
}
