import type { IncomingMessage } from 'node:http'
import { RUNNER_ROUTES } from '#protocol/adoption.ts'
import type { ErrorCode } from '#protocol/errors.ts'
import type { Role } from '#protocol/roles.ts'
import { nameForOthers } from '#server/auth/principal.ts'
import type { Principal } from '#server/auth/principal.ts'
import { AppError } from '#server/errors.ts'
import type { Hold } from '#server/gateway/access-watch.ts'
import { abortWhenGone } from '#server/gateway/client-gone.ts'
import { onlyHeaders } from '#server/gateway/headers.ts'
import { requireAppOrigin } from '#server/gateway/origin.ts'
import type { Parts } from '#server/gateway/parts.ts'
import { refusePlainly } from '#server/gateway/refuse.ts'
import type { Upgrade } from '#server/gateway/refuse.ts'
import { writeHead } from '#server/gateway/raw-head.ts'
import { unreachable } from '#server/gateway/sandboxes.ts'
import type { SocketBound } from '#server/gateway/socket-counts.ts'
import { errorOfRunner } from '#server/gateway/runner-error.ts'
import { requestUpgrade } from '#server/gateway/upgrade-request.ts'
import { isWebSocketRequest } from '#server/gateway/websocket-request.ts'

/** A right to a repl's socket. */
interface Attachment {
  who: Principal
  role: Role
  expiresAt?: number
}

/** All that the runner gets of the browser's request: its cookies stay here. */
const REQUEST_HEADERS = new Set([
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-protocol',
  'sec-websocket-extensions',
])

/** All that the browser gets of the runner's answer: a runner can be tampered with and must not set cookies here. */
const RESPONSE_HEADERS = new Set([
  'upgrade',
  'connection',
  'sec-websocket-accept',
  'sec-websocket-protocol',
  'sec-websocket-extensions',
])

/** What a runner answers to a token of another generation, which is no judgement of who asks. */
const REFUSALS: ErrorCode[] = ['unauthenticated', 'forbidden', 'not_found', 'gone']

type RefuseReadably = (upgrade: Upgrade, error: unknown) => void

/**
 * The IDE's socket: who asks is checked before anything is opened, the upgrade request is written anew with an attach
 * token in the place of cookies, and raw bytes are piped from then on. Revoking destroys the connection.
 */
export async function openSocket(
  parts: Parts & { refuseReadably: RefuseReadably },
  upgrade: Upgrade,
  replId: string,
): Promise<void> {
  const { request, socket } = upgrade
  try {
    requireAppOrigin(request, parts)
    if (!isWebSocketRequest(request)) throw new AppError('bad_request', 'This address speaks WebSocket.')
    await requireSomebody(parts, request)
  } catch (error) {
    return refusePlainly(socket, error)
  }
  try {
    await attach(parts, upgrade, replId)
  } catch (error) {
    if (!socket.destroyed) parts.refuseReadably(upgrade, error)
  }
}

async function attach(parts: Parts, upgrade: Upgrade, replId: string): Promise<void> {
  const right = await parts.watch.hold(replId, decision(parts, upgrade.request, replId))
  const hold = parts.counts.count(right, boundsOf(parts, replId, right.value))
  try {
    await joinRunner(parts, upgrade, { replId, hold })
  } catch (error) {
    hold.release()
    throw hold.signal.aborted ? hold.signal.reason : error
  }
}

async function joinRunner(
  { limits, sandboxes, lifecycle, live, company }: Parts,
  { request, socket, head }: Upgrade,
  { replId, hold }: { replId: string; hold: Hold<Attachment> },
): Promise<void> {
  const signal = AbortSignal.any([hold.signal, abortWhenGone(socket)])
  const target = await sandboxes.wake(replId, { limitMs: limits.startWaitMs, signal })
  lifecycle.touch(replId)
  const { who, role } = hold.value
  const hasAvatar = who.kind === 'user' && who.hasAvatar
  const { connection, token } = await sandboxes.dial(target, {
    sub: who.id,
    role,
    actor: nameForOthers(who),
    hasAvatar,
  })
  const answer = await requestUpgrade(connection, {
    path: RUNNER_ROUTES.socket,
    headers: [
      ['Host', 'runner'],
      ['Connection', 'Upgrade'],
      ['Upgrade', 'websocket'],
      ['Authorization', `Bearer ${token}`],
      ...onlyHeaders(request.rawHeaders, REQUEST_HEADERS),
    ],
    limitMs: limits.runnerHeadMs,
    signal,
    limits,
  })
  if (answer.kind === 'answered') {
    const error = await errorOfRunner(answer.response, limits)
    connection.destroy()
    throw REFUSALS.includes(error.code) ? unreachable(error) : error
  }
  writeHead(socket, 101, onlyHeaders(answer.response.rawHeaders, RESPONSE_HEADERS))
  if (head.length > 0) socket.unshift(head)
  const leave = company.join(replId, who)
  const release = () => {
    leave()
    hold.release()
  }
  live.join({ client: socket, sandbox: answer.stream }, { ...hold, release })
}

/** Whom a socket is counted with, so that nobody who may look takes the room of those who work here. */
function boundsOf({ limits }: Parts, replId: string, { who, role }: Attachment): SocketBound[] {
  const bounds: SocketBound[] = [
    {
      key: `${replId} ${who.id}`,
      most: limits.socketsPerPerson,
      message: 'You have too many pages of this REPL open: close some.',
    },
  ]
  if (role === 'viewer') {
    bounds.push({
      key: `${replId} viewers`,
      most: limits.socketsOfViewers,
      message: 'Too many people look at this REPL just now: come back in a while.',
    })
  }
  if (who.kind === 'guest') {
    bounds.push({
      key: `${replId} guests`,
      most: limits.socketsOfGuests,
      message: 'Too many guests look at this REPL just now: sign in, or come back in a while.',
    })
  }
  return bounds
}

async function requireSomebody({ auth }: Parts, request: IncomingMessage): Promise<Principal> {
  const who = await auth.principalOf(request.headers.cookie)
  if (who === undefined) throw new AppError('unauthenticated', 'Sign in first.')
  return who
}

/**
 * Who asks, and as what, asked anew each time: signing out and another role, lower or higher, end what was opened. A page
 * that still may be here connects again, and is told its new role.
 */
function decision(parts: Parts, request: IncomingMessage, replId: string): () => Promise<Attachment> {
  let opened: Role | undefined
  return async () => {
    const who = await requireSomebody(parts, request)
    const { role, via } = await parts.access.require(who, replId, 'viewer')
    opened ??= role
    if (role !== opened) throw new AppError('conflict', 'Your role here has changed.', { advice: 'Connect again.' })
    return { who, role, ...(via.kind === 'share' && via.expiresAt !== undefined && { expiresAt: via.expiresAt }) }
  }
}
