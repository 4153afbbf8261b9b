import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { AppError, HTTP_STATUS, toWireError } from '#server/errors.ts'
import { PRESIGNED_TTL_MS, assertObjectKey } from '#server/object-store/bounds.ts'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ObjectStore, Presigned } from '#server/object-store/object-store.ts'

/** Where the control plane's internal listener mounts `serveDiskObject`. */
export const DISK_OBJECTS_PATH = '/internal/objects/'

/** What one URL allows. */
type Grant = { method: 'GET'; key: string } | { method: 'PUT'; key: string; bytes: number; sha256: string }

const querySchema = z.object({
  expires: z.coerce.number().int().positive(),
  signature: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.coerce.number().int().nonnegative().optional(),
  sha256: z.string().optional(),
})

/** A URL, relative to the control plane's internal address, that allows exactly `grant` for a while. */
export function presignDisk(signingKey: Uint8Array, grant: Grant): Presigned {
  const expiresAt = Date.now() + PRESIGNED_TTL_MS
  const query = new URLSearchParams({
    ...(grant.method === 'PUT' && { bytes: String(grant.bytes), sha256: grant.sha256 }),
    expires: String(expiresAt),
    signature: sign(signingKey, grant, expiresAt),
  })
  const headers = grant.method === 'PUT' ? { 'content-length': String(grant.bytes) } : {}
  return { url: `${DISK_OBJECTS_PATH}${grant.key}?${query}`, headers, expiresAt }
}

/**
 * Answers one request to a pre-signed URL: a PUT of exactly the size and content that was signed, or a GET, with a
 * range if asked (RFC 9110 §14). Never rejects; what is wrong stands in the answer.
 */
export async function serveDiskObject(
  options: { store: ObjectStore; signingKey: Uint8Array },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const grant = verify(options.signingKey, request)
    if (grant.method === 'PUT') await receive(options.store, { grant, request, response })
    else await deliver(options.store, { key: grant.key, request, response })
  } catch (error) {
    // The rest of a refused body is not worth reading.
    if (response.headersSent || response.destroyed) response.destroy()
    else {
      const wire = toWireError(error)
      response.writeHead(HTTP_STATUS[wire.code], { 'content-type': 'application/json', connection: 'close' })
      response.end(JSON.stringify({ error: wire }))
    }
  }
}

function sign(signingKey: Uint8Array, grant: Grant, expiresAt: number): string {
  const content = grant.method === 'PUT' ? [grant.bytes, grant.sha256] : []
  const text = ['devex object url 1', grant.method, grant.key, expiresAt, ...content].join('\n')
  return createHmac('sha256', signingKey).update(text).digest('hex')
}

function verify(signingKey: Uint8Array, request: IncomingMessage): Grant {
  const url = request.url ?? ''
  const at = url.indexOf('?')
  const path = at === -1 ? url : url.slice(0, at)
  const key = path.startsWith(DISK_OBJECTS_PATH) ? path.slice(DISK_OBJECTS_PATH.length) : ''
  assertObjectKey(key)
  const query = querySchema.parse(Object.fromEntries(new URLSearchParams(at === -1 ? '' : url.slice(at + 1))))
  const grant = grantOf(request.method, key, query)
  const expected = Buffer.from(sign(signingKey, grant, query.expires), 'hex')
  if (!timingSafeEqual(expected, Buffer.from(query.signature, 'hex')))
    throw new AppError('forbidden', 'This URL was not signed for this request.')
  if (query.expires <= Date.now())
    throw new AppError('forbidden', 'This URL has expired.', { advice: 'Ask for a new one.' })
  return grant
}

function grantOf(method: string | undefined, key: string, query: z.output<typeof querySchema>): Grant {
  if (method === 'GET') return { method, key }
  if (method === 'PUT' && query.bytes !== undefined && query.sha256 !== undefined)
    return { method, key, bytes: query.bytes, sha256: query.sha256 }
  throw new AppError('forbidden', 'This URL was not signed for this request.')
}

interface Exchange {
  request: IncomingMessage
  response: ServerResponse
}

async function receive(
  store: ObjectStore,
  { grant, request, response }: Exchange & { grant: Grant & { method: 'PUT' } },
) {
  if (request.headers['content-length'] !== String(grant.bytes))
    throw new AppError('bad_request', `This URL takes exactly ${grant.bytes} bytes, announced as Content-Length.`)
  const hash = createHash('sha256')
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      done(null, chunk)
    },
    flush(done) {
      const isSigned = hash.digest('hex') === grant.sha256
      done(isSigned ? null : new AppError('bad_request', 'The content is not what this URL was signed for.'))
    },
  })
  const [{ etag }] = await Promise.all([
    store.put(grant.key, { stream: check, bytes: grant.bytes }),
    pipeline(request, check, { end: true }),
  ])
  response.writeHead(200, { etag: `"${etag}"` }).end()
}

async function deliver(store: ObjectStore, { key, request, response }: Exchange & { key: string }) {
  const info = await store.head(key)
  if (info === undefined) throw new AppError('not_found', `There is no object ${key}.`)
  const range = rangeOf(request.headers.range, info.bytes)
  if (range === 'unsatisfiable') {
    response.writeHead(416, { 'content-range': `bytes */${info.bytes}` }).end()
    return
  }
  const object = await store.get(key, range)
  if (object === undefined) throw new AppError('not_found', `There is no object ${key}.`)
  const { bytes, etag } = object.info
  const last = Math.min(range?.last ?? Infinity, bytes - 1)
  response.writeHead(range === undefined ? 200 : 206, {
    'content-type': 'application/octet-stream',
    'content-length': range === undefined ? bytes : last - range.first + 1,
    etag: `"${etag}"`,
    ...(range !== undefined && { 'content-range': `bytes ${range.first}-${last}/${bytes}` }),
  })
  await pipeline(object.body, response)
}

/** The one range of a `Range` header; `undefined` for none, or for a form that may be ignored (RFC 9110 §14.2). */
function rangeOf(header: string | undefined, bytes: number) {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  const [, first = '', last = ''] = match ?? []
  if (first === '' && last === '') return undefined
  if (first === '') {
    const length = Math.min(Number(last), bytes)
    return length === 0 ? 'unsatisfiable' : { first: bytes - length, last: bytes - 1 }
  }
  if (last !== '' && Number(last) < Number(first)) return undefined
  if (Number(first) >= bytes) return 'unsatisfiable'
  return { first: Number(first), last: Math.min(last === '' ? bytes - 1 : Number(last), bytes - 1) }
}
