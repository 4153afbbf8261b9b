import { AppError, HTTP_STATUS, toAppError } from '#server/errors.ts'
import type { Hold } from '#server/gateway/access-watch.ts'
import type { PreviewHost } from '#server/gateway/addresses.ts'
import { abortWhenUnwanted } from '#server/gateway/client-gone.ts'
import type { Parts } from '#server/gateway/parts.ts'
import type { Page } from '#server/gateway/pages.ts'
import { sendPage, wantsPage } from '#server/gateway/pages.ts'
import { previewCookie, readPreviewCookie } from '#server/gateway/preview-cookie.ts'
import { originOf } from '#server/gateway/preview-headers.ts'
import { proxyRequest } from '#server/gateway/preview-http.ts'
import type { Exchange } from '#server/gateway/preview-http.ts'
import { READY_PATH, RESERVED_PREFIX, TICKET_PATH, localPath } from '#server/gateway/preview-paths.ts'
import { redeemTicket } from '#server/gateway/preview-ticket.ts'
import { holdVisit, principalOf } from '#server/gateway/preview-visit.ts'
import { answerError } from '#server/gateway/refuse.ts'
import { isPortClosed } from '#server/gateway/sandboxes.ts'
import type { Target } from '#server/gateway/sandboxes.ts'
import { isVisit } from '#server/gateway/wake-rule.ts'
import type { Tunnels } from '#server/gateway/tunnels.ts'

type PreviewParts = Parts & { tunnels: Tunnels }

/** A request to a preview's host: the gateway's own few paths, everything else to the user's server. */
export async function servePreview(parts: PreviewParts, exchange: Exchange, host: PreviewHost): Promise<void> {
  try {
    const url = exchange.request.url ?? ''
    if (!url.startsWith('/') && url !== '*') throw new AppError('bad_request', 'The address must begin with "/".')
    const [path = ''] = url.split('?')
    if (path === TICKET_PATH) await useTicket(parts, exchange, host)
    else await serveVisit(parts, exchange, { host, path })
  } catch (error) {
    answerPreviewError(parts, exchange, { host, error: toAppError(error) })
  }
}

/** A ticket becomes the preview's cookie, and the address bar shows where it leads. */
async function useTicket(parts: PreviewParts, { request, response }: Exchange, host: PreviewHost): Promise<void> {
  if (request.method !== 'GET') throw new AppError('not_supported', 'Tickets are used with GET.')
  const origin = originOf(host, parts)
  const query = new URL(request.url ?? '/', origin).searchParams
  const visitor = await redeemTicket(parts.stateStore, query.get('t') ?? '', host)
  const now = visitor && (await principalOf(visitor, (signIn) => parts.auth.holderOf(signIn)))
  const who = now && visitor
  const { previewKey: key, limits } = parts
  // A page that is loaded again shows the ticket that it came in with; by then its cookie speaks for it.
  const isKnown = readPreviewCookie({ key, limits }, request.headers.cookie, host) !== undefined
  if (who === undefined && !isKnown)
    throw new AppError('unauthenticated', 'This link to the preview was used before, or is too old.')
  response.writeHead(303, {
    Location: localPath(query.get('to'), origin),
    ...(who !== undefined && {
      'Set-Cookie': previewCookie({ key, limits }, { repl: host.replId, port: host.port, who, since: Date.now() }),
    }),
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'no-referrer',
  })
  response.end()
}

async function serveVisit(
  parts: PreviewParts,
  exchange: Exchange,
  { host, path }: { host: PreviewHost; path: string },
): Promise<void> {
  const hold = await holdVisit(parts, exchange.request, host)
  try {
    const signal = AbortSignal.any([hold.signal, abortWhenUnwanted(exchange.response)])
    const target = await sandboxFor(parts, exchange.request, { host, signal })
    parts.lifecycle.touch(host.replId)
    if (path.startsWith(RESERVED_PREFIX)) return await serveReserved(parts, exchange, { host, path, target })
    await proxyRequest(exchange, {
      agent: parts.tunnels.agentFor(target, host.port),
      host,
      site: parts,
      limits: parts.limits,
      signal,
      setCookie: hold.value.renewal,
    })
  } catch (error) {
    throw reasonOf(hold, error)
  } finally {
    hold.release()
  }
}

function sandboxFor(
  { sandboxes, limits }: PreviewParts,
  request: Exchange['request'],
  { host, signal }: { host: PreviewHost; signal: AbortSignal },
): Promise<Target> {
  return isVisit(request)
    ? sandboxes.wake(host.replId, { limitMs: limits.previewWakeMs, signal })
    : sandboxes.find(host.replId)
}

/** What the waiting page asks, and nothing else. */
async function serveReserved(
  { sandboxes }: PreviewParts,
  { response }: Exchange,
  { host, path, target }: { host: PreviewHost; path: string; target: Target },
): Promise<void> {
  if (path !== READY_PATH) throw new AppError('not_found', `Nothing is at ${path}: ${RESERVED_PREFIX} is reserved.`)
  const isListening = await sandboxes.tunnel(target, host.port).then(
    (stream) => {
      stream.destroy()
      return true
    },
    () => false,
  )
  response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
  response.end(JSON.stringify({ listening: isListening }))
}

function reasonOf(hold: Hold<unknown>, error: unknown): unknown {
  return hold.signal.aborted ? hold.signal.reason : error
}

function answerPreviewError(
  parts: PreviewParts,
  { request, response }: Exchange,
  { host, error }: { host: PreviewHost; error: AppError },
): void {
  if (response.destroyed) return
  if (error.code === 'internal') parts.log.error('preview failed', error, { repl: host.replId, port: host.port })
  if (response.headersSent || !wantsPage(request)) return answerError(response, error)
  sendPage(response, pageOf(parts, host, error))
}

/** The page that says what `error` says. */
function pageOf({ publicUrl, limits }: PreviewParts, host: PreviewHost, error: AppError): Page {
  const frameOrigin = publicUrl().origin
  const link = { href: new URL(`/r/${host.replId}`, publicUrl()).href, label: 'Open the REPL' }
  const wait = { frameOrigin, link, pollMs: limits.pagePollMs }
  if (isPortClosed(error))
    return {
      ...wait,
      status: 502,
      title: `Nothing listens on port ${host.port} yet`,
      text: 'Start your server in the REPL. This page loads by itself as soon as the port answers.',
    }
  switch (error.code) {
    case 'unauthenticated':
      return {
        status: 401,
        title: 'This preview is private',
        text: 'Open it from its REPL. If you have no access to that, ask whoever sent you this link to share the REPL with you or to make the port public.',
        frameOrigin,
        link,
      }
    case 'forbidden':
      return {
        status: 403,
        title: 'You have no access to this preview',
        text: `${error.message} Ask the owner of the REPL to share it with you or to make the port public.`,
        frameOrigin,
        link,
      }
    case 'unavailable':
    case 'timeout':
      return { ...wait, status: HTTP_STATUS[error.code], title: 'The preview is not ready', text: inWords(error) }
    case 'bad_request':
    case 'conflict':
    case 'gone':
    case 'not_found':
    case 'internal':
    case 'not_supported':
    case 'quota_exceeded':
    case 'rate_limited':
    case 'too_large':
      return {
        status: HTTP_STATUS[error.code],
        title: error.code === 'not_found' ? 'Nothing is here' : 'The preview cannot be shown',
        text: inWords(error),
        frameOrigin,
        link,
      }
  }
}

function inWords({ message, advice }: AppError): string {
  return advice === undefined ? message : `${message} ${advice}`
}
