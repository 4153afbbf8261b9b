import { createServer } from 'node:http'
import type { Duplex } from 'node:stream'
import { createLateListener } from '#server/late-listener.ts'
import type { LateListener } from '#server/late-listener.ts'

/** Serves sidecars' calls over connections that we opened to them. */
export interface SidecarCalls extends Pick<LateListener, 'answerWith'> {
  /** Serves what comes over `connection` from now on; calls wait as long as there is nobody to answer them. */
  take: (connection: Duplex) => void
}

/** Sandboxes of before are dialled as soon as their cluster is known, which is before there are any answers. */
export function createSidecarCalls(): SidecarCalls {
  const { listener, answerWith } = createLateListener()
  // These connections wait as long as nobody calls.
  const server = createServer({ keepAliveTimeout: 0, headersTimeout: 0, requestTimeout: 0 }, listener)
  return { take: (connection) => void server.emit('connection', connection), answerWith }
}
