import { createTRPCClient, createWSClient, httpBatchLink, splitLink, wsLink } from '@trpc/client'
import type { AppRouter } from '#server/trpc/router.ts'
import { wireErrorSchema } from '#protocol/errors.ts'
import type { WireError } from '#protocol/errors.ts'

/** The server answers the handshake at once, or is not there. Others of this browser may come first. */
const OPEN_LIMIT_MS = 8000

/**
 * Opens a WebSocket, or closes it when nobody answers in time. A browser makes one connection to a server after the other
 * (RFC 6455 §4.1): one that hangs keeps all others waiting, the REPL's own among them.
 */
function openInTime(url: string | URL, protocols?: string | string[]): WebSocket {
  const socket = new WebSocket(url, protocols)
  const timer = setTimeout(() => socket.close(), OPEN_LIMIT_MS)
  const stop = (): void => clearTimeout(timer)
  socket.addEventListener('open', stop)
  socket.addEventListener('close', stop)
  return socket
}

function connect() {
  const socketUrl = new URL('/ws/trpc', window.location.href)
  socketUrl.protocol = socketUrl.protocol.replace('http', 'ws')
  const socket = createWSClient({
    url: socketUrl.href,
    lazy: { enabled: true, closeMs: 10_000 },
    keepAlive: { enabled: true },
    WebSocket: new Proxy(WebSocket, { construct: (_, [url, protocols]) => openInTime(url, protocols) }),
  })
  return createTRPCClient<AppRouter>({
    links: [
      splitLink({
        condition: (operation) => operation.type === 'subscription',
        true: wsLink<AppRouter>({ client: socket }),
        false: httpBatchLink<AppRouter>({ url: '/api/trpc' }),
      }),
    ],
  })
}

let client: ReturnType<typeof connect> | undefined

/** The application's API in the browser: calls over HTTP, subscriptions over one shared socket (opened when first needed). */
export function api(): ReturnType<typeof connect> {
  client ??= connect()
  return client
}

/** What a failed call says, for showing to a person. */
export function wireErrorOf(error: unknown): WireError {
  if (
    typeof error === 'object' &&
    error !== null &&
    'data' in error &&
    typeof error.data === 'object' &&
    error.data !== null &&
    'error' in error.data
  ) {
    const parsed = wireErrorSchema.safeParse(error.data.error)
    if (parsed.success) return parsed.data
  }
  return {
    code: 'unavailable',
    message: 'The server could not be reached.',
    advice: 'Check the connection and try again.',
  }
}
