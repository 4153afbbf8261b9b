import { once } from 'node:events'
import { mkdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { dirname } from 'node:path'
import {
  SIDECAR_ROUTES,
  adoptRequestSchema,
  restoreRequestSchema,
  saveRequestSchema,
  variablesRequestSchema,
} from '#protocol/adoption.ts'
import type { ErrorCode } from '#protocol/errors.ts'
import { drained } from '#wire/drained.ts'
import { serveTls } from '#wire/serve-tls.ts'
import type { AdoptedSandbox } from './adopt.ts'
import type { Authorize } from './authorize.ts'
import type { ControlTunnel } from './control-tunnel.ts'
import type { SidecarEnv } from './env.ts'
import { readBody } from './http-call.ts'
import { MAX_REQUEST_BYTES } from './limits.ts'
import type { Progress } from './progress.ts'
import { SidecarError, toWireError } from './sidecar-error.ts'

interface ServerOptions {
  listen: SidecarEnv['listen']
  sandboxId: string
  sandbox: AdoptedSandbox
  authorize: Authorize
  /** What agents come to; made when the first one does. */
  mcp: () => Promise<McpDoor>
  /** Takes the connections that the control plane opens for our calls to it. */
  tunnel: ControlTunnel
}

/** Whoever serves `SIDECAR_ROUTES.mcp`. */
export interface McpDoor extends AsyncDisposable {
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>
}

/** Serves `SIDECAR_ROUTES` on a Unix socket (a stale file of a dead sidecar is replaced), over TLS, or both. */
export async function listen(options: ServerOptions): Promise<AsyncDisposable & { tlsPort: number | undefined }> {
  const server = createServer((request, response) => {
    handle(request, response, options).catch((error: unknown) => sendError(response, error))
  })
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    upgrade(request, { socket, head }, options).catch((error: unknown) => refuse(socket, error))
  })
  const { socket, tls } = options.listen
  if (socket !== undefined) await listenOnSocket(server, socket)
  const far = tls === undefined ? undefined : await serveTls(server, tls)
  return {
    tlsPort: far?.port,
    [Symbol.asyncDispose]: async () => {
      const closed = Promise.all([far?.[Symbol.asyncDispose](), socket !== undefined && once(server, 'close')])
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function listenOnSocket(server: Server, socket: string): Promise<void> {
  mkdirSync(dirname(socket), { recursive: true, mode: 0o700 })
  rmSync(socket, { force: true })
  server.listen(socket)
  await once(server, 'listening')
}

async function upgrade(
  request: IncomingMessage,
  { socket, head }: { socket: Duplex; head: Buffer },
  { authorize, tunnel }: ServerOptions,
): Promise<void> {
  if (request.url !== SIDECAR_ROUTES.control || request.headers.upgrade !== 'devex-control')
    throw new SidecarError('not_found', `There is nothing to upgrade to at ${request.url}.`)
  await authorize(request, 'control')
  if (!(socket instanceof Socket)) throw new SidecarError('internal', 'This connection cannot be kept.')
  if (head.length > 0) socket.unshift(head)
  socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: devex-control\r\n\r\n')
  tunnel.add(socket)
}

function refuse(socket: Duplex, error: unknown): void {
  const wire = toWireError(error)
  const body = JSON.stringify({ error: wire })
  const head = [
    `HTTP/1.1 ${statusOf(wire.code)} Refused`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  socket.end(`${head.join('\r\n')}\r\nConnection: close\r\n\r\n${body}`)
}

async function handle(request: IncomingMessage, response: ServerResponse, options: ServerOptions): Promise<void> {
  const { sandbox, sandboxId, authorize } = options
  if (request.url === SIDECAR_ROUTES.mcp) return (await options.mcp()).handle(request, response)
  switch (`${request.method} ${request.url}`) {
    case `GET ${SIDECAR_ROUTES.health}`:
      return sendJson(response, 200, { sandbox: sandboxId, adopted: sandbox.identity })
    case `POST ${SIDECAR_ROUTES.adopt}`: {
      await authorize(request, 'adopt')
      return sendLines(response, sandbox.adopt(adoptRequestSchema.parse(await readJson(request))))
    }
    case `POST ${SIDECAR_ROUTES.save}`: {
      await authorize(request, 'save')
      const { reason } = saveRequestSchema.parse(await readJson(request))
      return sendLines(response, sandbox.save(reason))
    }
    case `POST ${SIDECAR_ROUTES.restore}`: {
      await authorize(request, 'restore')
      return sendLines(response, sandbox.restore(restoreRequestSchema.parse(await readJson(request))))
    }
    case `POST ${SIDECAR_ROUTES.variables}`: {
      await authorize(request, 'variables')
      const { variables } = variablesRequestSchema.parse(await readJson(request))
      return sendLines(response, sandbox.setVariables(variables))
    }
    case `POST ${SIDECAR_ROUTES.stop}`:
      await authorize(request, 'stop')
      return sendLines(response, sandbox.stop())
    default:
      throw new SidecarError('not_found', `There is no ${request.method} ${request.url} here.`)
  }
}

/** The work goes on when the caller hangs up: it can ask again and joins. */
async function sendLines<T>(response: ServerResponse, progress: Progress<T>): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' })
  for await (const line of progress) {
    if (response.destroyed) return
    if (response.write(`${JSON.stringify(line)}\n`)) continue
    await drained(response)
  }
  response.end()
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}

function sendError(response: ServerResponse, error: unknown): void {
  const wire = toWireError(error)
  if (response.headersSent) response.destroy()
  else sendJson(response, statusOf(wire.code), { error: wire })
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const body = await readBody(request, MAX_REQUEST_BYTES)
  try {
    return JSON.parse(body.toString('utf8'))
  } catch (cause) {
    throw new SidecarError('bad_request', 'The body is not JSON.', { cause })
  }
}

/** The codes that these routes answer with (RFC 9110 §15); every other fault is 500. */
function statusOf(code: ErrorCode): number {
  const statuses: Partial<Record<ErrorCode, number>> = {
    bad_request: 400,
    unauthenticated: 401,
    forbidden: 403,
    not_found: 404,
    conflict: 409,
    too_large: 413,
    unavailable: 503,
  }
  return statuses[code] ?? 500
}
