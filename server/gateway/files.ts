import { request as httpRequest } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { RUNNER_ROUTES } from '#protocol/adoption.ts'
import { isWorkspacePath, nameOf } from '#protocol/paths.ts'
import type { Role } from '#protocol/roles.ts'
import type { Principal } from '#server/auth/principal.ts'
import { AppError } from '#server/errors.ts'
import { abortWhenUnwanted } from '#server/gateway/client-gone.ts'
import { readFileTicket } from '#server/gateway/file-ticket.ts'
import type { FileTicket } from '#server/gateway/file-ticket.ts'
import type { Hold } from '#server/gateway/access-watch.ts'
import { flat, onlyHeaders } from '#server/gateway/headers.ts'
import type { HeaderList } from '#server/gateway/headers.ts'
import { holdWhileConnected } from '#server/gateway/mcp/hold-caller.ts'
import { refuseOtherSites, requireAppOrigin } from '#server/gateway/origin.ts'
import type { GatewayLimits } from '#server/gateway/limits.ts'
import type { Parts } from '#server/gateway/parts.ts'
import { answerError } from '#server/gateway/refuse.ts'
import { errorOfRunner } from '#server/gateway/runner-error.ts'
import { brokenConnection } from '#server/gateway/upgrade-request.ts'
import { freeAsRead, messageSink } from '#wire/body-sink.ts'

/** What each method needs. */
const METHOD_ROLES = new Map<string, Role>([
  ['GET', 'viewer'],
  ['HEAD', 'viewer'],
  ['PUT', 'editor'],
])

const REQUEST_HEADERS = new Set([
  'range',
  'if-range',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'content-type',
  'content-length',
])

/** A runner can be tampered with: nothing else of its answer reaches the application's origin. */
const RESPONSE_HEADERS = new Set([
  'content-length',
  'content-range',
  'accept-ranges',
  'etag',
  'last-modified',
  'content-disposition',
])

/** Types that a page may show in an element, where nothing in them runs. All others come as bytes. */
const INERT_TYPE =
  /^(?:image\/[\w.+-]+|audio\/[\w.+-]+|video\/[\w.+-]+|font\/[\w.+-]+|text\/plain|application\/(?:json|pdf|zip))(?:\s*;\s*charset=[\w-]+)?$/i

interface Transfer {
  who: Principal
  role: Role
  expiresAt?: number
}

/** `/r/<replId>/files/<path>`: streams a file, a range or a folder's archive out of the sandbox, or a file into it. */
export async function transferFile(
  parts: Parts,
  { request, response }: { request: IncomingMessage; response: ServerResponse },
  { replId, rawPath }: { replId: string; rawPath: string },
): Promise<void> {
  const needed = METHOD_ROLES.get(request.method ?? '')
  if (needed === undefined) throw new AppError('not_supported', `${request.method} is not done to files here.`)
  const ticket = ticketIn(request)
  if (ticket !== undefined) refuseOtherSites(request.headers['sec-fetch-site'])
  else if (request.method === 'PUT') requireAppOrigin(request, parts)
  else refuseOtherSites(request.headers['sec-fetch-site'])
  const path = workspacePathOf(rawPath)
  const method = request.method === 'PUT' ? 'PUT' : 'GET'
  const grant = ticket === undefined ? undefined : await grantOf(parts, ticket, { replId, path, method })
  const decide = async (): Promise<Transfer> => {
    const who =
      grant === undefined ? await parts.auth.principalOf(request.headers.cookie) : await holderOf(parts, grant)
    const { role, via } = await parts.access.require(who, replId, needed)
    if (who === undefined) throw new AppError('unauthenticated', 'Sign in first.')
    return { who, role, ...(via.kind === 'share' && via.expiresAt !== undefined && { expiresAt: via.expiresAt }) }
  }
  await using hold = await holdTransfer(parts, { replId, grant, decide })
  try {
    await exchange(parts, { request, response }, { replId, path, hold })
  } catch (error) {
    throw hold.signal.aborted ? hold.signal.reason : error
  }
}

/** The right, for as long as it is one: an agent's ends with the agent's connection too. */
async function holdTransfer(
  { watch, agents: { connections } }: Parts,
  { replId, grant, decide }: { replId: string; grant: FileTicket | undefined; decide: () => Promise<Transfer> },
): Promise<Hold<Transfer> & AsyncDisposable> {
  if (grant !== undefined)
    return holdWhileConnected({ watch, connections }, { connectionId: grant.connectionId, replId }, decide)
  const hold = await watch.hold(replId, decide)
  return { ...hold, [Symbol.asyncDispose]: async () => hold.release() }
}

/** What programs without cookies show: an agent was given it for this one file. */
function ticketIn(request: IncomingMessage): string | undefined {
  return new URL(request.url ?? '/', 'http://app').searchParams.get('ticket') ?? undefined
}

async function grantOf(
  { stateStore }: Parts,
  ticket: string,
  use: Pick<FileTicket, 'replId' | 'path' | 'method'>,
): Promise<FileTicket> {
  const about = await readFileTicket(stateStore, ticket)
  if (about?.replId === use.replId && about.path === use.path && about.method === use.method) return about
  throw linkIsOver()
}

/** Whose link it is, while the agent that asked for it is let in. */
async function holderOf({ agents }: Parts, { connectionId, userId }: FileTicket): Promise<Principal | undefined> {
  const connection = await agents.connections.get(connectionId)
  if (connection?.userId === userId) return agents.userOf(userId)
  throw linkIsOver()
}

function linkIsOver(): AppError {
  return new AppError('forbidden', 'This link is over, or for another file.', {
    advice: 'Ask read_file or write_file for a new one.',
  })
}

/** The path that the URL means, or `bad_request`: each part is decoded once, and may not hold a separator then. */
export function workspacePathOf(rawPath: string): string {
  const parts = rawPath.split('/').map((part) => decode(part))
  const path = parts.join('/')
  if (parts.some((part) => part.includes('/')) || !isWorkspacePath(path))
    throw new AppError('bad_request', 'This is not a path inside the workspace.', { path: rawPath })
  return path
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch (cause) {
    throw new AppError('bad_request', 'The path is not percent-encoded UTF-8.', { cause, path: part })
  }
}

async function exchange(
  { sandboxes, lifecycle, limits }: Parts,
  { request, response }: { request: IncomingMessage; response: ServerResponse },
  { replId, path, hold }: { replId: string; path: string; hold: Hold<Transfer> },
): Promise<void> {
  const signal = AbortSignal.any([hold.signal, abortWhenUnwanted(response)])
  const target = await sandboxes.wake(replId, { limitMs: limits.startWaitMs, signal })
  lifecycle.touch(replId)
  const { who, role } = hold.value
  const { connection, token } = await sandboxes.dial(target, { sub: who.id, role, actor: who.name })
  try {
    const answer = await ask(connection, request, { path, token, limits, signal })
    if (isRefusal(answer)) return answerError(response, await errorOfRunner(answer, limits), answer.statusCode)
    response.writeHead(statusOf(answer), flat(responseHeaders(answer, path)))
    freeAsRead(connection)
    await pipeline(answer, messageSink(response), { signal })
  } finally {
    connection.destroy()
    // What still comes of a refused upload is let go by: whoever sends it reads the answer when it is through.
    request.unpipe()
    request.resume()
  }
}

interface AskOptions {
  path: string
  token: string
  limits: GatewayLimits
  signal: AbortSignal
}

function ask(
  connection: Duplex,
  request: IncomingMessage,
  { path, token, limits, signal }: AskOptions,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const upstream = httpRequest({
      createConnection: () => connection,
      method: request.method ?? 'GET',
      path: RUNNER_ROUTES.files + path.split('/').map(encodeURIComponent).join('/'),
      headers: flat(requestHeaders(request, token)),
      maxHeaderSize: limits.maxHeadBytes,
      signal,
    })
    upstream.on('response', resolve)
    upstream.on('error', (cause) => reject(brokenConnection(cause, signal)))
    // Of a switch of protocols, which nobody asked for, there is no other word.
    upstream.on('close', () => reject(new AppError('unavailable', 'The sandbox gave no answer.')))
    const body = messageSink(upstream)
    // What failed is `upstream`, and that has said so.
    body.on('error', () => undefined)
    request.pipe(body)
  })
}

function requestHeaders(request: IncomingMessage, token: string): HeaderList {
  const isChunked = request.headers['transfer-encoding'] !== undefined
  return [
    ['Host', 'runner'],
    // Closed by us: a runner that closes on an upload which it refused would take its answer back.
    ['Connection', 'keep-alive'],
    ['Authorization', `Bearer ${token}`],
    ...onlyHeaders(request.rawHeaders, REQUEST_HEADERS),
    ...(isChunked ? ([['Transfer-Encoding', 'chunked']] satisfies HeaderList) : []),
  ]
}

/** A refusal in HTTP's own words is kept: 412 and 416 say what our codes do not. */
function isRefusal({ statusCode = 0 }: IncomingMessage): boolean {
  return statusCode >= 400 && statusCode < 600
}

/** A runner answers with success or "not modified"; it sends nobody elsewhere. */
function statusOf(answer: IncomingMessage): number {
  const status = answer.statusCode ?? 0
  if ((status >= 200 && status < 300) || status === 304) return status
  throw new AppError('unavailable', `The sandbox gave an answer that makes no sense (HTTP ${status}).`)
}

/** Whatever a user's file says, it never runs on the application's origin: it is saved, not shown, and not sniffed. */
function responseHeaders(answer: IncomingMessage, path: string): HeaderList {
  const kept = onlyHeaders(answer.rawHeaders, RESPONSE_HEADERS).filter(([name]) => !/^content-disposition$/i.test(name))
  const type = answer.headers['content-type'] ?? ''
  return [
    ...kept,
    ['Content-Type', INERT_TYPE.test(type) ? type : 'application/octet-stream'],
    ['Content-Disposition', dispositionOf(answer, path)],
    ['Content-Security-Policy', "sandbox; default-src 'none'"],
    ['X-Content-Type-Options', 'nosniff'],
    ['Cross-Origin-Resource-Policy', 'same-origin'],
    ['Cache-Control', 'private, no-cache'],
  ]
}

/** The runner's own file name (an archive's) if it is an attachment; else the file's, encoded as RFC 8187 says. */
function dispositionOf(answer: IncomingMessage, path: string): string {
  const given = answer.headers['content-disposition']
  if (given !== undefined && /^attachment\s*;/i.test(given)) return given
  const name = path === '' ? 'workspace' : nameOf(path)
  const encoded = encodeURIComponent(name).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`)
  return `attachment; filename*=UTF-8''${encoded}`
}
