import { pipeline } from 'node:stream/promises'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { AppError } from '#server/errors.ts'
import type { Hold } from '#server/gateway/access-watch.ts'
import type { PreviewHost } from '#server/gateway/addresses.ts'
import { abortWhenGone } from '#server/gateway/client-gone.ts'
import type { HeaderList } from '#server/gateway/headers.ts'
import type { Parts } from '#server/gateway/parts.ts'
import { toBrowser, toServer } from '#server/gateway/preview-headers.ts'
import { holdVisit } from '#server/gateway/preview-visit.ts'
import type { Visit } from '#server/gateway/preview-visit.ts'
import { writeHead } from '#server/gateway/raw-head.ts'
import { refusePlainly } from '#server/gateway/refuse.ts'
import type { Upgrade } from '#server/gateway/refuse.ts'
import type { SocketBound } from '#server/gateway/socket-counts.ts'
import { requestUpgrade } from '#server/gateway/upgrade-request.ts'
import { isWebSocketRequest } from '#server/gateway/websocket-request.ts'

/** A WebSocket to the user's server (its HMR among them): the same right as a request, then raw bytes both ways. */
export async function openPreviewSocket(parts: Parts, upgrade: Upgrade, host: PreviewHost): Promise<void> {
  try {
    if (!isWebSocketRequest(upgrade.request))
      throw new AppError('not_supported', 'Of upgrades, only WebSocket passes here.')
    const visit = await holdVisit(parts, upgrade.request, host)
    const hold = parts.counts.count(visit, boundsOf(parts, host, visit.value))
    await joinServer(parts, upgrade, { host, hold }).catch((error: unknown) => {
      hold.release()
      throw hold.signal.aborted ? hold.signal.reason : error
    })
  } catch (error) {
    if (!upgrade.socket.destroyed) refusePlainly(upgrade.socket, error)
  }
}

/** Whom a WebSocket is counted with: all of a REPL's previews share the connections that its runner has room for. */
function boundsOf({ limits }: Parts, { replId }: PreviewHost, { visitor }: Visit): SocketBound[] {
  const bounds: SocketBound[] = []
  if (visitor !== undefined) {
    bounds.push({
      key: `${replId} preview ${visitor.id}`,
      most: limits.previewSocketsPerVisitor,
      message: 'You have too many connections to the previews of this REPL open: close some of their pages.',
    })
  }
  if (visitor?.kind !== 'user') {
    bounds.push({
      key: `${replId} preview signed out`,
      most: limits.previewSocketsSignedOut,
      message: 'Too many visitors are connected to the previews of this REPL: come back in a while.',
    })
  }
  return bounds
}

async function joinServer(
  parts: Parts,
  { request, socket, head }: Upgrade,
  { host, hold }: { host: PreviewHost; hold: Hold<unknown> },
): Promise<void> {
  const { limits, sandboxes, lifecycle, live } = parts
  const signal = AbortSignal.any([hold.signal, abortWhenGone(socket)])
  const target = await sandboxes.find(host.replId)
  lifecycle.touch(host.replId)
  const answer = await requestUpgrade(await sandboxes.tunnel(target, host.port), {
    path: request.url ?? '/',
    headers: [...toServer(request, host, parts), ['Connection', 'Upgrade'], ['Upgrade', 'websocket']],
    limitMs: limits.upstreamHeadMs,
    signal,
    limits,
  })
  const headers = toBrowser(answer.response, host, parts)
  if (answer.kind === 'answered') {
    await passOn(answer.response, { socket, headers, signal })
    return hold.release()
  }
  writeHead(socket, 101, [...headers, ['Connection', 'Upgrade'], ['Upgrade', 'websocket']])
  if (head.length > 0) socket.unshift(head)
  live.join({ client: socket, sandbox: answer.stream }, hold)
}

/**
 * The user's server refused the upgrade in its own words, for as long as these may be read. The connection's end is the
 * body's: node has decoded it.
 */
async function passOn(
  answer: IncomingMessage,
  { socket, headers, signal }: { socket: Duplex; headers: HeaderList; signal: AbortSignal },
): Promise<void> {
  const kept = headers.filter(([name]) => name.toLowerCase() !== 'content-length')
  writeHead(socket, answer.statusCode ?? 502, [...kept, ['Connection', 'close']])
  await pipeline(answer, socket, { signal }).catch(() => socket.destroy())
}
