import { request as httpRequest } from 'node:http'
import type { Agent, IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { AppError } from '#server/errors.ts'
import type { PreviewHost, Site } from '#server/gateway/addresses.ts'
import { flat } from '#server/gateway/headers.ts'
import type { HeaderList } from '#server/gateway/headers.ts'
import type { GatewayLimits } from '#server/gateway/limits.ts'
import { toBrowser, toServer } from '#server/gateway/preview-headers.ts'
import { brokenConnection } from '#server/gateway/upgrade-request.ts'

interface ProxyOptions {
  agent: Agent
  host: PreviewHost
  site: Site
  limits: GatewayLimits
  /** Cuts the exchange both ways. */
  signal: AbortSignal
  /** The preview's own cookie, to be set with the answer. */
  setCookie: string | undefined
}

/** A request with the answer to it, as node's HTTP server hands them over. */
export interface Exchange {
  request: IncomingMessage
  response: ServerResponse
}

/**
 * Passes a request to the user's server and its answer back, both streamed. An answer that breaks off breaks off for
 * the browser too, so that it does not look whole. Throws only while nothing was answered.
 */
export async function proxyRequest(exchange: Exchange, options: ProxyOptions): Promise<void> {
  const answer = await ask(exchange.request, options)
  const headers = toBrowser(answer, options.host, options.site)
  if (options.setCookie !== undefined) headers.push(['Set-Cookie', options.setCookie])
  try {
    exchange.response.writeHead(answer.statusCode ?? 0, reasonPhrase(answer), flat(headers))
  } catch (cause) {
    answer.destroy()
    throw new AppError('unavailable', `The server on port ${options.host.port} answered with what is not HTTP.`, {
      cause,
    })
  }
  exchange.response.flushHeaders()
  await pipeline(answer, exchange.response, { signal: options.signal }).catch(() => {
    answer.destroy()
    exchange.response.destroy()
  })
}

/** The phrase without what RFC 9112 §4 does not allow in it; node's parser is more lenient than its writer. */
function reasonPhrase({ statusMessage = '' }: IncomingMessage): string {
  return statusMessage.replace(/[^\t\x20-\x7e\x80-\xff]/g, '')
}

/** A kept connection may close just as we use it; what is safe to ask twice is then asked once more. */
async function ask(request: IncomingMessage, options: ProxyOptions): Promise<IncomingMessage> {
  const body = bodyHeaders(request)
  if (body.length > 0) return attempt(request, options, body)
  try {
    return await attempt(request, options, body)
  } catch (error) {
    const isSafe = request.method === 'GET' || request.method === 'HEAD'
    const isStale = error instanceof AppError && error.cause instanceof StaleConnection
    if (!isSafe || !isStale) throw error
    return attempt(request, options, body)
  }
}

/** Marks, as the cause, the failure of a kept connection that had closed meanwhile. */
class StaleConnection extends Error {}

function attempt(request: IncomingMessage, options: ProxyOptions, body: HeaderList): Promise<IncomingMessage> {
  const { agent, host, site, limits, signal } = options
  return new Promise((resolve, reject) => {
    const upstream = httpRequest({
      agent,
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      headers: flat([...toServer(request, host, site).filter(([name]) => !isFraming(name)), ...body]),
      maxHeaderSize: limits.maxHeadBytes,
      signal,
    })
    const timer = setTimeout(() => {
      upstream.destroy(new AppError('timeout', `The server on port ${host.port} did not answer in time.`))
    }, limits.upstreamHeadMs)
    upstream.on('response', (answer) => {
      clearTimeout(timer)
      resolve(answer)
    })
    // Nothing asked for it, so what the server has switched to is nobody's.
    upstream.on('upgrade', (_answer, stream) => {
      clearTimeout(timer)
      stream.destroy()
      reject(new AppError('unavailable', `The server on port ${host.port} switched protocols unasked.`))
    })
    upstream.on('error', (error) => {
      clearTimeout(timer)
      const isStale = upstream.reusedSocket && !signal.aborted && !(error instanceof AppError)
      reject(brokenConnection(isStale ? new StaleConnection(error.message, { cause: error }) : error, signal))
    })
    if (body.length === 0) return void upstream.end()
    request.on('data', () => timer.refresh())
    request.pipe(upstream)
    request.once('close', () => {
      if (!request.complete) upstream.destroy()
    })
  })
}

function isFraming(name: string): boolean {
  return name.toLowerCase() === 'content-length'
}

/** How the body is framed (RFC 9112 §6): one way only, and none where there is no body. */
function bodyHeaders(request: IncomingMessage): HeaderList {
  const { 'transfer-encoding': coding, 'content-length': length } = request.headers
  if (coding !== undefined) {
    if (coding.trim().toLowerCase() !== 'chunked')
      throw new AppError('not_supported', `Transfer-Encoding ${coding} is not understood here.`)
    return [['Transfer-Encoding', 'chunked']]
  }
  return length === undefined ? [] : [['Content-Length', length]]
}
