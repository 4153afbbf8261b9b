import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { AppError, toAppError } from '#server/errors.ts'
import { createAccessWatch } from '#server/gateway/access-watch.ts'
import { addressOf } from '#server/gateway/addresses.ts'
import type { Address } from '#server/gateway/addresses.ts'
import { transferFile } from '#server/gateway/files.ts'
import { createMcpDoor } from '#server/gateway/mcp/create-mcp-door.ts'
import { GATEWAY_LIMITS } from '#server/gateway/limits.ts'
import { createLiveSockets } from '#server/gateway/live-sockets.ts'
import { sendPage, wantsPage } from '#server/gateway/pages.ts'
import type { GatewayDeps } from '#server/gateway/parts.ts'
import { openPreviewSocket } from '#server/gateway/preview-socket.ts'
import { issueTicket } from '#server/gateway/preview-ticket.ts'
import { servePreview } from '#server/gateway/preview.ts'
import { answerError, createReadableRefusal, refusePlainly } from '#server/gateway/refuse.ts'
import type { Upgrade } from '#server/gateway/refuse.ts'
import { createSandboxes } from '#server/gateway/sandboxes.ts'
import { createSocketCounts } from '#server/gateway/socket-counts.ts'
import { openSocket } from '#server/gateway/socket.ts'
import { createTunnels } from '#server/gateway/tunnels.ts'

/**
 * The way into sandboxes: it decides who may, wakes what sleeps, and streams bytes. The HTTP server asks it first;
 * what it does not handle is the application's. No request of a preview's host is.
 */
export interface Gateway extends AsyncDisposable {
  handlesRequest(request: IncomingMessage): boolean
  /** Answers, also where something fails: never rejects. */
  handleRequest(request: IncomingMessage, response: ServerResponse): Promise<void>
  handlesUpgrade(request: IncomingMessage): boolean
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** WebSockets joined to sandboxes now. */
  connections(): number
}

/** The gateway. Disposing cuts its connections; sandboxes go on. */
export function createGateway({ limits: overrides, ...deps }: GatewayDeps): Gateway {
  const limits = { ...GATEWAY_LIMITS, ...overrides }
  const sandboxes = createSandboxes({ ...deps, limits })
  const watch = createAccessWatch({ ...deps, limits })
  const live = createLiveSockets(limits)
  const counts = createSocketCounts()
  const tunnels = createTunnels(sandboxes, limits)
  const refuseReadably = createReadableRefusal()
  const parts = { ...deps, limits, watch, sandboxes, live, counts, tunnels, refuseReadably }
  const mcp = createMcpDoor(parts, { ...deps.agents, tokens: deps.tokens })

  async function respond(address: Address | undefined, request: IncomingMessage, response: ServerResponse) {
    const exchange = { request, response }
    switch (address?.kind) {
      case 'preview':
        return servePreview(parts, exchange, address.host)
      case 'files':
        return transferFile(parts, exchange, address)
      case 'preview-ticket':
        return issueTicket(parts, exchange, address.replId)
      case 'mcp':
        return mcp.serveRepl(exchange, address.replId)
      case 'account-mcp':
        return mcp.serveAccount(exchange)
      case 'socket':
        throw new AppError('bad_request', 'This address speaks WebSocket.')
      case 'unknown':
      case undefined:
        return answerNothingHere(request, response, deps.publicUrl())
    }
  }

  async function join(address: Address | undefined, upgrade: Upgrade): Promise<void> {
    switch (address?.kind) {
      case 'preview':
        return openPreviewSocket(parts, upgrade, address.host)
      case 'socket':
        return openSocket(parts, upgrade, address.replId)
      case 'files':
      case 'preview-ticket':
      case 'mcp':
      case 'account-mcp':
      case 'unknown':
      case undefined:
        return refusePlainly(upgrade.socket, new AppError('not_found', 'No WebSocket is at this address.'))
    }
  }

  function answerNothingHere(request: IncomingMessage, response: ServerResponse, { href, origin }: URL): void {
    const text = 'Nothing is at this address.'
    if (!wantsPage(request)) return answerError(response, new AppError('not_found', text))
    sendPage(response, {
      status: 404,
      title: 'Not found',
      text,
      link: { href, label: 'To Devex' },
      frameOrigin: origin,
    })
  }

  const note = (error: unknown, request: IncomingMessage) => {
    const known = toAppError(error)
    if (known.code === 'internal') deps.log.error('gateway failed', known, { method: request.method })
    return known
  }

  return {
    handlesRequest: (request) => addressOf(request, deps) !== undefined,
    handleRequest: async (request, response) => {
      try {
        await respond(addressOf(request, deps), request, response)
      } catch (error) {
        if (!response.destroyed) answerError(response, note(error, request))
      }
    },
    handlesUpgrade: (request) => {
      const kind = addressOf(request, deps)?.kind
      return kind === 'preview' || kind === 'socket' || kind === 'unknown'
    },
    handleUpgrade: (request, socket, head) => {
      // Node's server has let go of the socket: an error of it without a listener would end the process.
      socket.on('error', () => socket.destroy())
      join(addressOf(request, deps), { request, socket, head }).catch((error: unknown) => {
        note(error, request)
        socket.destroy()
      })
    },
    connections: () => live.count(),
    [Symbol.asyncDispose]: async () => {
      live[Symbol.dispose]()
      tunnels[Symbol.dispose]()
      await mcp[Symbol.asyncDispose]()
      await watch[Symbol.asyncDispose]()
    },
  }
}
