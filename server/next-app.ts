import { createServer } from 'node:http'
import next from 'next'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** Next, behind our own HTTP server. */
export interface NextApp extends AsyncDisposable {
  handleRequest: (request: IncomingMessage, response: ServerResponse) => Promise<void>
  /** `false` if Next wants no such upgrade (it wants its own hot reload in development only). */
  handleUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean
}

/** Prepares Next in `dir`: the production build, or the development server. */
export async function prepareNext(options: {
  dir: string
  isDev: boolean
  hostname: string
  port: number
}): Promise<NextApp> {
  // Next adds an `upgrade` listener to the server that it is given, and ends every socket it does not know: it gets one
  // that never listens, and is handed only the upgrades that nobody else takes.
  const upgrades = createServer()
  const app = next({
    dir: options.dir,
    dev: options.isDev,
    hostname: options.hostname,
    port: options.port,
    httpServer: upgrades,
  })
  await app.prepare()
  const handle = app.getRequestHandler()
  return {
    handleRequest: (request, response) => handle(request, response),
    handleUpgrade: (request, socket, head) => upgrades.emit('upgrade', request, socket, head),
    [Symbol.asyncDispose]: () => app.close(),
  }
}
