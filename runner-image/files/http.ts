import { stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { RUNNER_ROUTES } from '#protocol/adoption.ts'
import type { AttachClaims } from '#protocol/claims.ts'
import { isWorkspacePath, nameOf } from '#protocol/paths.ts'
import { isAtLeast } from '#protocol/roles.ts'
import { fileSink, messageSink } from '#wire/body-sink.ts'
import { PreconditionFailed, RunnerError, toRunnerError } from '../errors.ts'
import { FILE_CHUNK_BYTES } from '../limits.ts'
import type { OpenedSandbox } from '../opened-sandbox.ts'
import { sendJson } from '../sockets/answer.ts'
import { versionOf } from './etag.ts'
import { parseRange } from './range.ts'
import { writeFileAtomically } from './write.ts'
import type { Precondition } from './write.ts'
import { zipFolder } from './zip.ts'

interface Exchange {
  request: IncomingMessage
  response: ServerResponse
  claims: AttachClaims
}

/** `GET`, `HEAD` and `PUT /files/<path>`: any size, streamed. */
export async function serveFiles(sandbox: OpenedSandbox, { request, response, claims }: Exchange): Promise<void> {
  const path = pathOf(request.url ?? '')
  switch (request.method ?? '') {
    case 'GET':
    case 'HEAD':
      return download(sandbox, path, { request, response })
    case 'PUT':
      if (!isAtLeast(claims.role, 'editor'))
        throw new RunnerError('forbidden', 'A viewer cannot write files.', { path })
      return upload(sandbox, path, { request, response })
    default:
      response.setHeader('allow', 'GET, HEAD, PUT')
      return sendJson(response, 405, { error: { code: 'not_supported', message: 'GET, HEAD and PUT are understood.' } })
  }
}

/** The path of a URL, decoded once. */
function pathOf(url: string): string {
  const raw = url.slice(RUNNER_ROUTES.files.length).replace(/[?#].*$/s, '')
  try {
    const path = decodeURIComponent(raw).replace(/\/$/, '')
    if (isWorkspacePath(path)) return path
  } catch {
    // Falls through: what cannot be decoded is no path either.
  }
  throw new RunnerError('bad_request', 'This is not a path inside the workspace.', { path: raw.slice(0, 200) })
}

type Plain = Pick<Exchange, 'request' | 'response'>

async function download(sandbox: OpenedSandbox, path: string, { request, response }: Plain): Promise<void> {
  if (await isFolder(sandbox, path)) return downloadFolder(sandbox, path, { request, response })
  await using handle = await sandbox.workspace.openFile(path)
  const { etag, size, mtime } = versionOf(await handle.stat({ bigint: true }))
  setHeaders(response, path)
  response.setHeader('etag', `"${etag}"`)
  response.setHeader('last-modified', new Date(mtime).toUTCString())
  response.setHeader('accept-ranges', 'bytes')
  if (listsTag(request.headers['if-none-match'], etag)) return void response.writeHead(304).end()
  const ifMatch = request.headers['if-match']
  if (ifMatch !== undefined && !listsTag(ifMatch, etag)) throw changed(path)
  const ifRange = request.headers['if-range']
  const isSame = ifRange === undefined || ifRange === `"${etag}"`
  const range = parseRange(isSame ? request.headers.range : undefined, size)
  if (range === 'unsatisfiable') return void response.writeHead(416, { 'content-range': `bytes */${size}` }).end()
  const { start, end } = range === 'whole' ? { start: 0, end: size - 1 } : range
  if (range !== 'whole') response.setHeader('content-range', `bytes ${start}-${end}/${size}`)
  response.setHeader('content-length', end - start + 1)
  response.writeHead(range === 'whole' ? 200 : 206)
  if (request.method === 'HEAD' || size === 0) return void response.end()
  await pipeline(
    handle.createReadStream({ start, end, highWaterMark: FILE_CHUNK_BYTES, autoClose: false }),
    messageSink(response),
  )
}

async function downloadFolder(sandbox: OpenedSandbox, path: string, { request, response }: Plain): Promise<void> {
  setHeaders(response, `${path === '' ? sandbox.opened.replName : path}.zip`)
  response.setHeader('content-type', 'application/zip')
  response.writeHead(200)
  if (request.method === 'HEAD') return void response.end()
  await pipeline(Readable.from(zipFolder(sandbox.workspace, path), { objectMode: false }), response)
}

async function upload(sandbox: OpenedSandbox, path: string, { request, response }: Plain): Promise<void> {
  sandbox.assertRunning('files')
  await sandbox.assertSpace()
  const ifMatch = preconditionOf(request)
  const written = await writeFileAtomically(sandbox.workspace, {
    path,
    ifMatch,
    content: async (handle) => pipeline(request, fileSink(handle)),
  }).catch((error: unknown) => {
    const failure = toRunnerError(error, path)
    throw failure.code === 'conflict' && ifMatch !== 'any' ? new PreconditionFailed(failure) : failure
  })
  const { etag, size, mtime, isNew } = written
  response.setHeader('etag', `"${etag}"`)
  sendJson(response, isNew ? 201 : 200, { etag, size, mtime })
}

function changed(path: string): RunnerError {
  return new PreconditionFailed(new RunnerError('conflict', `${path} was changed meanwhile.`, { path }))
}

/** `If-Match: "etag"` or `*`, `If-None-Match: *`; neither: whatever is there is replaced. */
function preconditionOf(request: IncomingMessage): Precondition {
  if (request.headers['if-none-match']?.trim() === '*') return 'absent'
  const ifMatch = request.headers['if-match']?.trim()
  if (ifMatch === undefined) return 'any'
  if (ifMatch === '*') return 'existing'
  const tag = /^"([\w-]+)"$/.exec(ifMatch)?.[1]
  if (tag === undefined) throw new RunnerError('bad_request', 'If-Match names one etag, in quotes.')
  return { etag: tag }
}

function listsTag(header: string | undefined, etag: string): boolean {
  return header !== undefined && header.split(',').some((tag) => ['*', `"${etag}"`, `W/"${etag}"`].includes(tag.trim()))
}

async function isFolder(sandbox: OpenedSandbox, path: string): Promise<boolean> {
  return (await stat(sandbox.workspace.resolve(path))).isDirectory()
}

/**
 * The gateway serves these bytes on the product's own origin, so nothing in them may ever run there: downloads only,
 * no sniffing, and images (which the page shows) in a sandbox without scripts.
 */
function setHeaders(response: ServerResponse, path: string): void {
  const name = nameOf(path)
  const type = IMAGE_TYPES[name.slice(name.lastIndexOf('.') + 1).toLowerCase()] ?? 'application/octet-stream'
  response.setHeader('content-type', type)
  response.setHeader('content-disposition', `attachment; filename*=UTF-8''${encodeRfc5987(name)}`)
  response.setHeader('x-content-type-options', 'nosniff')
  response.setHeader('content-security-policy', "sandbox; default-src 'none'")
  response.setHeader('cache-control', 'private, no-cache')
}

const IMAGE_TYPES: Record<string, string | undefined> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  ico: 'image/x-icon',
  svg: 'image/svg+xml',
}

/** RFC 8187: what `encodeURIComponent` leaves and the header's grammar does not allow is escaped too. */
function encodeRfc5987(name: string): string {
  return encodeURIComponent(name.toWellFormed()).replaceAll(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
