import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Log } from '#server/log.ts'

/** Larger request heads are refused (RFC 6585: 431). Cookies and a preview's own headers fit well. */
const MAX_HEADER_BYTES = 32 * 1024

/**
 * An upload takes as long as a slow line needs for the largest file; node's own bound, 5 minutes, would cut it off. So may
 * what the gateway passes on (files, previews), which it does not hold.
 */
const MAX_REQUEST_MS = 6 * 60 * 60 * 1000

/** Other bodies are refused where they are read (`SMALL_BODY_MS`); of one that nobody reads, the line is cut here. */
const MAX_SMALL_REQUEST_MS = 60_000

/** A request's head arrives within so long. */
const MAX_HEAD_MS = 60_000

/** After our side of a connection that left HTTP has ended, its client may go on so long. */
const LINGER_MS = 2_000

/** Whoever is drained has new connections until all nodes and proxies have heard of it; after so long without one they have. */
const QUIET_MS = 2_000

/** A zip comes in here: a file, though it is the app's. */
const IMPORT_PATH = '/api/import'

/** Says that the process serves requests. */
const HEALTH_PATH = '/api/health'

/** What Prometheus asks for: each replica by its address, with a token. */
const METRICS_PATH = '/api/metrics'

/** Bytes of a refused upgrade. */
const MISDIRECTED = 'HTTP/1.1 421 Misdirected Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'
const NOT_READY = 'HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\nRetry-After: 1\r\n\r\n'

/** Where requests go. `handles…` look at host and path only. */
export interface Routes {
  gateway: {
    handlesRequest(request: IncomingMessage): boolean
    handleRequest(request: IncomingMessage, response: ServerResponse): Promise<void>
    handlesUpgrade(request: IncomingMessage): boolean
    handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  }
  /** Lets programs in: `/oauth/*`. */
  authorization: {
    handlesRequest(request: IncomingMessage): boolean
    handleRequest(request: IncomingMessage, response: ServerResponse): Promise<void>
  }
  trpcSocket: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  next: {
    handleRequest: (request: IncomingMessage, response: ServerResponse) => Promise<void>
    /** `false` if nobody took it. */
    handleUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean
  }
  /** Hosts (with port) that the app itself answers to: a foreign name that resolves here is somebody's DNS trick. */
  appHosts: () => string[]
}

interface HttpServer {
  server: Server
  serve: (routes: Routes) => void
  /**
   * Ends upgraded connections and event streams (their clients come back, to another replica), takes others until nobody
   * new has come for `QUIET_MS`, and resolves when the last request under way has been answered, or after `limitMs`.
   */
  drain: (limitMs: number) => Promise<void>
  /** Stops listening and cuts what is left, also connections that wait for an upgrade or are through with one. */
  close: () => Promise<void>
}

/** The control plane's HTTP server: preview hosts and sandbox traffic to the gateway, the rest to Next. `routes` come later. */
export function createHttpServer(log: Log, { smallRequestMs = MAX_SMALL_REQUEST_MS } = {}): HttpServer {
  let routes: Routes | undefined
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    keepAliveTimeout: 65_000,
    headersTimeout: MAX_HEAD_MS,
    requestTimeout: MAX_REQUEST_MS,
  })
  const upgraded = new Set<Duplex>()
  const eventStreams = new Set<ServerResponse>()
  const endStanding = () => {
    for (const standing of [...upgraded, ...eventStreams]) standing.destroy()
  }
  let isDraining = false

  server.on('request', (request, response) => {
    if (isDraining) response.setHeader('connection', 'close')
    if (isEventStream(request)) eventStreams.add(response)
    response.once('close', () => {
      eventStreams.delete(response)
      if (isDraining) server.closeIdleConnections()
    })
    if (routes === undefined) return refuse(response, 503, 'Devex is starting. Try again in a moment.')
    if (!routes.gateway.handlesRequest(request) && pathOf(request) !== IMPORT_PATH) cutIfSlow(request, smallRequestMs)
    route(routes, request, response).catch((error: unknown) => {
      log.error('request failed', error, { path: pathOf(request) })
      if (response.headersSent) response.destroy()
      else refuse(response, 500, 'Something went wrong on the server. Its log has the details.')
    })
  })

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    upgraded.add(socket)
    socket.once('close', () => upgraded.delete(socket))
    // node has let go of it: a client that never hangs up would keep a refused connection open for good.
    socket.once('finish', () => hangUpLater(socket))
    if (routes === undefined) return void socket.end(NOT_READY)
    if (routes.gateway.handlesUpgrade(request)) return routes.gateway.handleUpgrade(request, socket, head)
    if (!isAppHost(routes, request)) return void socket.end(MISDIRECTED)
    if (pathOf(request) === '/ws/trpc') return routes.trpcSocket(request, socket, head)
    if (!routes.next.handleUpgrade(request, socket, head)) socket.destroy()
  })

  return {
    server,
    serve: (ready) => void (routes = ready),
    drain: async (limitMs) => {
      isDraining = true
      const limit = AbortSignal.timeout(limitMs)
      const isOver = once(limit, 'abort')
      endStanding()
      server.closeIdleConnections()
      await quiet(server, isOver)
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      endStanding()
      await Promise.race([closed, isOver])
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
        for (const socket of upgraded) socket.destroy()
      }),
  }
}

/** Whether a response would have no end of its own: an EventSource, or an agent's stream of notices. */
function isEventStream({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.accept?.split(',')[0]?.trim() === 'text/event-stream'
}

/** Resolves when nobody new has come for `QUIET_MS`, or with `isOver`. */
async function quiet(server: Server, isOver: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, QUIET_MS)
  const again = () => void timer.refresh()
  server.on('connection', again)
  await Promise.race([promise, isOver])
  server.off('connection', again)
  clearTimeout(timer)
}

/** Its answer may take longer: then all of the request is there. */
function cutIfSlow(request: IncomingMessage, limitMs: number): void {
  if (request.complete) return
  const timer = setTimeout(() => {
    if (!request.complete) request.destroy()
  }, limitMs)
  timer.unref()
  request.once('close', () => clearTimeout(timer))
}

function hangUpLater(socket: Duplex): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS)
  timer.unref()
  socket.once('close', () => clearTimeout(timer))
}

async function route(routes: Routes, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (routes.gateway.handlesRequest(request)) return await routes.gateway.handleRequest(request, response)
  // Load balancers and probes ask by address, and learn nothing; figures are for who knows the token.
  if (!isAppHost(routes, request) && ![HEALTH_PATH, METRICS_PATH].includes(pathOf(request)))
    return refuse(response, 421, 'This server does not answer to that name. Open it under the URL that it printed.')
  if (routes.authorization.handlesRequest(request)) return await routes.authorization.handleRequest(request, response)
  await routes.next.handleRequest(request, response)
}

function isAppHost(routes: Routes, request: IncomingMessage): boolean {
  return routes.appHosts().includes((request.headers.host ?? '').toLowerCase())
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    ...(status === 503 && { 'retry-after': '1' }),
  })
  response.end(`${message}\n`)
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?')[0] ?? ''
}
