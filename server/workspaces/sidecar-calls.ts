import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { Duplex } from 'node:stream'

/** Serves sidecars' calls over connections that we opened to them. */
export interface SidecarCalls {
  /** Serves what comes over `connection` from now on; calls wait as long as there is nobody to answer them. */
  take: (connection: Duplex) => void
  /** Who answers. */
  answerWith: (listener: RequestListener) => void
}

/**
 * Connections come before the answers: sandboxes of before are dialled as soon as their cluster is known, and whatever a
 * sidecar could not say while no control plane was there it says at once.
 */
export function createSidecarCalls(): SidecarCalls {
  const { promise: listening, resolve: answerWith } = Promise.withResolvers<RequestListener>()
  const server = createServer(
    // These connections wait as long as nobody calls.
    { keepAliveTimeout: 0, headersTimeout: 0, requestTimeout: 0 },
    (request, response) => void listening.then((listener) => listener(request, response)),
  )
  return { take: (connection) => void server.emit('connection', connection), answerWith }
}
