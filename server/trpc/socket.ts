import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { applyWSSHandler } from '@trpc/server/adapters/ws'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import { CLOSE_CODES } from '#protocol/errors.ts'
import type { Principal } from '#server/auth/principal.ts'
import type { HttpContext } from '#server/trpc/http.ts'
import { appErrorOf } from '#server/trpc/init.ts'
import {
  CLOSE_WITHIN_MS,
  MAX_SOCKETS_PER_PERSON,
  MAX_SOCKET_MESSAGE_BYTES,
  PING_EVERY_MS,
  PONG_WITHIN_MS,
  RECHECK_EVERY_MS,
} from '#server/trpc/limits.ts'
import { isOwnOrigin } from '#server/trpc/origin.ts'
import { appRouter } from '#server/trpc/router.ts'

/** The socket of subscriptions, `/ws/trpc`: one for each open page. Disposing closes every connection. */
export interface TrpcSocket extends AsyncDisposable {
  /** Takes over an `upgrade` request; its listener has routed it here by path. */
  handleUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
}

export function createTrpcSocket(app: HttpContext): TrpcSocket {
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_SOCKET_MESSAGE_BYTES,
  })
  const principals = new WeakMap<IncomingMessage, Principal>()
  const open = new Map<string, number>()

  const handler = applyWSSHandler({
    wss: server,
    router: appRouter,
    createContext: ({ req }) => ({ app, who: principals.get(req), subscriptions: { open: 0 } }),
    keepAlive: { enabled: true, pingMs: PING_EVERY_MS, pongWaitMs: PONG_WITHIN_MS },
    onError: ({ error, path }) => {
      const cause = appErrorOf(error)
      if (cause.code === 'internal') app.log.error('a subscription failed', cause, { path })
    },
  })

  const accept = async (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // Asked before the upgrade: a message that came meanwhile would find nobody to read it.
    const who = await app.auth.principalOf(request.headers.cookie)
    const isOwn = isOwnOrigin({ origin: request.headers.origin, host: request.headers.host }, app.publicUrl())
    server.handleUpgrade(request, socket, head, (client) => {
      // Also who is turned away may still send what is no WebSocket: an error without a listener would end the process.
      // `ws` itself closes then, with the code that says why.
      client.on('error', () => {})
      if (!isOwn) return client.close(CLOSE_CODES.forbidden, 'not a page of this server')
      if (who === undefined) return client.close(CLOSE_CODES.unauthenticated, 'sign in first')
      const count = open.get(who.id) ?? 0
      if (count >= MAX_SOCKETS_PER_PERSON) return client.close(CLOSE_CODES.rateLimited, 'too many open pages')
      open.set(who.id, count + 1)
      const recheck = setInterval(() => void closeIfSignedOut(app, request, { client, who }), RECHECK_EVERY_MS)
      client.once('close', () => {
        clearInterval(recheck)
        const left = (open.get(who.id) ?? 1) - 1
        if (left === 0) open.delete(who.id)
        else open.set(who.id, left)
      })
      principals.set(request, who)
      server.emit('connection', client, request)
    })
  }

  return {
    handleUpgrade: (request, socket, head) => {
      const onError = () => socket.destroy()
      socket.on('error', onError)
      accept(request, socket, head).catch((error: unknown) => {
        app.log.error('a socket could not be opened', error)
        socket.destroy()
      })
    },
    [Symbol.asyncDispose]: async () => {
      handler.broadcastReconnectNotification()
      for (const client of server.clients) client.close(CLOSE_CODES.unavailable, 'the server is stopping')
      const timer = setTimeout(() => {
        for (const client of server.clients) client.terminate()
      }, CLOSE_WITHIN_MS)
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
      clearTimeout(timer)
    },
  }
}

async function closeIfSignedOut(
  app: HttpContext,
  request: IncomingMessage,
  { client, who }: { client: WebSocket; who: Principal },
): Promise<void> {
  try {
    const now = await app.auth.principalOf(request.headers.cookie)
    if (now?.id !== who.id) client.close(CLOSE_CODES.unauthenticated, 'signed out')
  } catch (error) {
    app.log.error('it could not be checked who a socket belongs to', error)
  }
}
