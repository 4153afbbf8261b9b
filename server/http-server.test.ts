import { once } from 'node:events'
import { Agent, request } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createHttpServer } from '#server/http-server.ts'
import { listenOnPort } from '#server/listen.ts'
import { createLog } from '#server/log.ts'
import type { Routes } from '#server/http-server.ts'

const PREVIEW_HOST = '3000-raaaaaaaaaaaaaaa.localhost'

async function start(serve: boolean, options?: { smallRequestMs: number }) {
  const log = createLog({ level: 'error', format: 'json', write: () => undefined })
  const http = createHttpServer(log, options)
  const port = await listenOnPort(http.server, '127.0.0.1', 0)
  onTestFinished(() => {
    http.server.closeAllConnections()
    http.server.close()
  })
  const seen: string[] = []
  const routes: Routes = {
    authorization: {
      handlesRequest: ({ url }) => url?.startsWith('/oauth/') === true,
      handleRequest: (_request, response) => {
        seen.push('authorization')
        response.end()
        return Promise.resolve()
      },
    },
    gateway: {
      handlesRequest: ({ headers }) => headers.host === PREVIEW_HOST,
      handleRequest: (_request, response) => {
        seen.push('gateway')
        response.end('preview')
        return Promise.resolve()
      },
      handlesUpgrade: ({ headers }) => headers.host === PREVIEW_HOST,
      handleUpgrade: (_request, socket) => {
        seen.push('gateway upgrade')
        socket.destroy()
      },
    },
    trpcSocket: (_request, socket) => {
      seen.push('trpc')
      socket.destroy()
    },
    next: {
      handleRequest: (incoming, response) => {
        if (incoming.url === '/broken') return Promise.reject(new Error('broken'))
        seen.push('next')
        response.end('page')
        return Promise.resolve()
      },
      handleUpgrade: () => false,
    },
    appHosts: () => [`localhost:${port}`],
  }
  if (serve) http.serve(routes)
  return { http, port, seen }
}

/** A gateway that takes everything and leaves it unanswered. */
function onlyGateway(on: { request?: (response: ServerResponse) => void; upgrade?: () => void }): Routes {
  return {
    authorization: { handlesRequest: () => false, handleRequest: () => Promise.resolve() },
    gateway: {
      handlesRequest: () => true,
      handleRequest: (_request, response) => Promise.resolve(on.request?.(response)),
      handlesUpgrade: () => true,
      handleUpgrade: () => on.upgrade?.(),
    },
    trpcSocket: () => undefined,
    next: { handleRequest: () => Promise.resolve(), handleUpgrade: () => false },
    appHosts: () => [],
  }
}

function get(
  port: number,
  host: string,
  options: { path?: string; upgrade?: boolean; agent?: Agent; accept?: string } = {},
): Promise<number | 'closed'> {
  return new Promise((resolve, reject) => {
    const headers = {
      host,
      ...(options.upgrade === true && { connection: 'Upgrade', upgrade: 'websocket' }),
      ...(options.accept !== undefined && { accept: options.accept }),
    }
    const outgoing = request({
      port,
      host: '127.0.0.1',
      path: options.path ?? '/',
      headers,
      ...(options.agent && { agent: options.agent }),
    })
    outgoing.on('response', (response: IncomingMessage) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    outgoing.on('error', (error) =>
      'code' in error && error.code === 'ECONNRESET' ? resolve('closed') : reject(error),
    )
    outgoing.end()
  })
}

/** A client that asks for an upgrade and never hangs up by itself. */
function clingTo(port: number, host: string): Socket {
  const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  onTestFinished(() => void client.destroy())
  client.resume()
  client.write(`GET /ws/trpc HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nmore`)
  return client
}

test('a refused upgrade is hung up on, also where its client never ends the connection', async () => {
  const { http, port } = await start(true)
  const client = clingTo(port, 'evil.example.com')
  await once(client, 'end')
  const connections = () => new Promise((resolve) => http.server.getConnections((_error, count) => resolve(count)))
  expect(await connections()).toBe(1)
  await expect.poll(connections, { timeout: 4000 }).toBe(0)
})

test('closing cuts upgrades that still wait for their answer', async () => {
  const { http, port } = await start(false)
  const waiting = Promise.withResolvers<void>()
  http.serve(onlyGateway({ upgrade: () => waiting.resolve() }))
  clingTo(port, PREVIEW_HOST)
  await waiting.promise
  await http.close()
  expect(http.server.listening).toBe(false)
})

test('draining answers what is under way, ends sockets and event streams, and takes newcomers until there are none', async () => {
  const { http, port } = await start(false)
  const slow = Promise.withResolvers<ServerResponse>()
  const [streaming, upgraded] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const request = (response: ServerResponse) => {
    if (response.req.url === '/slow') slow.resolve(response)
    else if (response.req.url === '/stream') streaming.resolve()
    else response.end()
  }
  http.serve(onlyGateway({ request, upgrade: () => upgraded.resolve() }))
  const agent = new Agent({ keepAlive: true })
  onTestFinished(() => agent.destroy())
  const answer = get(port, PREVIEW_HOST, { path: '/slow', agent })
  const response = await slow.promise
  const stream = get(port, PREVIEW_HOST, { path: '/stream', accept: 'text/event-stream' })
  await streaming.promise
  const socket = clingTo(port, PREVIEW_HOST)
  await upgraded.promise
  const drained = http.drain(60_000)
  await once(socket, 'end')
  expect(await stream).toBe('closed')
  expect(await get(port, PREVIEW_HOST, { agent })).toBe(200)
  await expect.poll(() => http.server.listening, { timeout: 5000 }).toBe(false)
  response.end('late')
  expect(await answer).toBe(200)
  await drained
})

test('draining ends at its limit', async () => {
  const { http, port } = await start(false)
  const asked = Promise.withResolvers<void>()
  http.serve(onlyGateway({ request: () => asked.resolve() }))
  const answer = get(port, PREVIEW_HOST)
  await asked.promise
  await http.drain(20)
  await http.close()
  expect(await answer).toBe('closed')
})

test('an upload may take hours, a head may not', async () => {
  const { http } = await start(false)
  expect(http.server.requestTimeout).toBeGreaterThan(60 * 60 * 1000)
  expect(http.server.headersTimeout).toBe(60_000)
})

test('before everything is open, a request is told to come back', async () => {
  const { port } = await start(false)
  expect(await get(port, `localhost:${port}`)).toBe(503)
  expect(await get(port, `localhost:${port}`, { upgrade: true, path: '/ws/trpc' })).toBe(503)
})

test('S6: a preview host goes to the gateway, never to the app', async () => {
  const { port, seen } = await start(true)
  expect(await get(port, PREVIEW_HOST, { path: '/api/trpc/repls.list' })).toBe(200)
  expect(await get(port, PREVIEW_HOST, { path: '/ws/trpc', upgrade: true })).toBe('closed')
  expect(seen).toEqual(['gateway', 'gateway upgrade'])
})

test('S11: a name that is not ours gets 421, by request and by upgrade', async () => {
  const { port, seen } = await start(true)
  expect(await get(port, 'evil.example.com')).toBe(421)
  expect(await get(port, 'evil.example.com', { path: '/ws/trpc', upgrade: true })).toBe(421)
  expect(seen).toEqual([])
})

test('pages go to Next, subscriptions to tRPC, and an upgrade nobody knows is ended', async () => {
  const { port, seen } = await start(true)
  expect(await get(port, `localhost:${port}`)).toBe(200)
  expect(await get(port, `localhost:${port}`, { path: '/ws/trpc', upgrade: true })).toBe('closed')
  expect(await get(port, `localhost:${port}`, { path: '/ws/other', upgrade: true })).toBe('closed')
  expect(seen).toEqual(['next', 'trpc'])
})

test('S11: a page that throws answers 500 without its error', async () => {
  const { port } = await start(true)
  expect(await get(port, `localhost:${port}`, { path: '/broken' })).toBe(500)
})

test.each([
  ['/api/anything', 'cut'],
  ['/api/import', 'open'],
])('a request to %s whose body does not come to its end is %s after a while', async (path, expected) => {
  const { port, http } = await start(true, { smallRequestMs: 20 })
  const line = connect({ port, host: '127.0.0.1' })
  onTestFinished(() => void line.destroy())
  const head = (to: string) => `POST ${to} HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Length: 9\r\n\r\n.`
  line
    .on('error', () => undefined)
    .resume()
    .write(head(path))
  if (expected === 'cut') return void (await once(line, 'close'))
  // Another one, begun later, is cut first.
  await once(http.server, 'request')
  const other = connect({ port, host: '127.0.0.1' })
  other
    .on('error', () => undefined)
    .resume()
    .write(head('/api/anything'))
  await once(other, 'close')
  expect(line.destroyed).toBe(false)
})
