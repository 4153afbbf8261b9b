import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { SLOW_MS, isHead } from '#server/workspaces/faults/_store-faults.ts'
import type { FaultKind, FaultPlace, StoreFaults } from '#server/workspaces/faults/_store-faults.ts'

/** A reverse proxy before an S3 server, behind which things go wrong as `faults` says, on the wire itself. */
export interface S3Proxy extends AsyncDisposable {
  /** What clients are told is the server: signatures cover the `Host` that is passed on. */
  endpoint: string
}

export async function startS3Proxy(target: string, faults: StoreFaults): Promise<S3Proxy> {
  const server = createServer((request, response) => {
    answer({ request, response, target: new URL(target) }, faults).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { endpoint: `http://127.0.0.1:${portOf(server)}`, [Symbol.asyncDispose]: () => close(server) }
}

interface Exchange {
  request: IncomingMessage
  response: ServerResponse
  target: URL
}

async function answer({ request, response, target }: Exchange, faults: StoreFaults): Promise<void> {
  const body = await buffer(request)
  const place = placeOf(request)
  const kind = place === undefined ? undefined : faults.take(place)
  if (kind === '500' || kind === '503') {
    response.writeHead(Number(kind)).end()
    return
  }
  if (kind === 'slow') await delay(SLOW_MS)
  const isWrite = request.method === 'PUT'
  // A write that is cut: the server has been promised more than ever comes.
  const sent = kind === 'cut' && isWrite ? body.subarray(0, body.length >> 1) : body
  const real = await forward({ request, target }, { sent, isCut: sent !== body })
  await deliver(response, real, { kind, isWrite })
}

/** Passes a request on, or only its first part and then nothing. */
function forward(
  { request, target }: Pick<Exchange, 'request' | 'target'>,
  { sent, isCut }: { sent: Buffer; isCut: boolean },
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const { method, url: path, headers } = request
  const to = { host: target.hostname, port: target.port, method, path, headers, agent: false }
  const onward = httpRequest(to, resolve)
  onward.on('error', reject)
  if (isCut) onward.write(sent, () => onward.destroy())
  else onward.end(sent)
  return promise
}

async function deliver(
  response: ServerResponse,
  real: IncomingMessage,
  { kind, isWrite }: { kind: FaultKind | undefined; isWrite: boolean },
): Promise<void> {
  const body = await buffer(real)
  if (kind === 'lost-answer') {
    response.destroy()
    return
  }
  response.writeHead(real.statusCode ?? 502, real.headers)
  if (kind === 'cut' && !isWrite) response.write(body.subarray(0, body.length >> 1), () => response.destroy())
  else response.end(body)
}

/** As the port sees it: listings and deletions are left alone. */
function placeOf({ method, url = '' }: IncomingMessage): FaultPlace | undefined {
  const { pathname, searchParams } = new URL(url, 'http://store')
  if (method === 'PUT') return isHead(pathname) ? 'head-write' : 'object-write'
  return (method === 'GET' || method === 'HEAD') && !searchParams.has('list-type') ? 'read' : undefined
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('listens on TCP')
  return address.port
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}
