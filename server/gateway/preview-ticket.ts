import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import { opaqueIdSchema, replIdSchema } from '#protocol/ids.ts'
import type { Principal } from '#server/auth/principal.ts'
import { AppError } from '#server/errors.ts'
import { previewOrigin } from '#server/gateway/addresses.ts'
import type { PreviewHost } from '#server/gateway/addresses.ts'
import { requireAppOrigin } from '#server/gateway/origin.ts'
import type { Parts } from '#server/gateway/parts.ts'
import { TICKET_PATH } from '#server/gateway/preview-paths.ts'
import { readSmallBody } from '#server/gateway/small-body.ts'
import type { StateStore } from '#server/state-store/state-store.ts'

const TICKET_BYTES = 32
const TICKET_FORM = /^[\w-]{43}$/

const requestSchema = z.object({ port: z.int().min(1).max(65535) })

const nameSchema = z.object({ id: opaqueIdSchema, name: z.string() })

/**
 * Who may use a preview with a ticket or a cookie: a user for as long as they are signed in where they asked for it. That,
 * and their access, is asked for anew with every use.
 */
export const previewVisitorSchema = z.discriminatedUnion('kind', [
  nameSchema.extend({ kind: z.literal('user'), signInId: z.string() }),
  nameSchema.extend({ kind: z.literal('guest') }),
])
export type PreviewVisitor = z.infer<typeof previewVisitorSchema>

const ticketSchema = z.object({ replId: replIdSchema, port: z.int(), who: previewVisitorSchema })

/** `POST /r/<replId>/preview-ticket` `{port}` → `{url}`: opens the preview once, within a minute, for whoever asked. */
export async function issueTicket(
  parts: Parts,
  { request, response }: { request: IncomingMessage; response: ServerResponse },
  replId: string,
): Promise<void> {
  if (request.method !== 'POST') throw new AppError('not_supported', 'Tickets are asked for with POST.')
  requireAppOrigin(request, parts)
  const who = await parts.auth.principalOf(request.headers.cookie)
  await parts.access.require(who, replId, 'viewer')
  if (who === undefined) throw new AppError('unauthenticated', 'Sign in first.')
  const { port } = parseRequest(await readSmallBody(request, parts.limits.maxSmallBodyBytes))

  const ticket = randomBytes(TICKET_BYTES).toString('base64url')
  const value: z.infer<typeof ticketSchema> = { replId, port, who: await visitorOf(parts, who, request) }
  await parts.stateStore.put(keyOf(ticket), value, { expected: 'absent', ttlMs: parts.limits.ticketTtlMs })

  const url = new URL(TICKET_PATH, previewOrigin(parts, replId, port))
  url.search = new URLSearchParams({ t: ticket, to: '/' }).toString()
  const body = JSON.stringify({ url: url.href })
  response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }).end(body)
}

/** Whose ticket it is, if it is good for this host; it is then used up. Of two who show it at once, one is refused. */
export async function redeemTicket(
  stateStore: StateStore,
  ticket: string,
  host: PreviewHost,
): Promise<PreviewVisitor | undefined> {
  if (!TICKET_FORM.test(ticket)) return undefined
  const key = keyOf(ticket)
  const record = await stateStore.get(key)
  if (record === undefined) return undefined
  // One of an older control plane does not name its sign-in.
  const known = ticketSchema.safeParse(record.value).data
  if (known?.replId !== host.replId || known.port !== host.port) return undefined
  try {
    await stateStore.delete(key, { version: record.version })
  } catch (error) {
    if (error instanceof AppError && error.code === 'conflict') return undefined
    throw error
  }
  return known.who
}

async function visitorOf({ auth }: Parts, who: Principal, { headers }: IncomingMessage): Promise<PreviewVisitor> {
  const { id, name } = who
  if (who.kind === 'guest') return { kind: 'guest', id, name }
  const signIn = await auth.signInOf(headers.cookie)
  if (signIn === undefined) throw new AppError('unauthenticated', 'Sign in first.')
  return { kind: 'user', id, name, signInId: signIn.signInId }
}

function parseRequest(body: string): z.infer<typeof requestSchema> {
  try {
    return requestSchema.parse(JSON.parse(body))
  } catch (cause) {
    throw new AppError('bad_request', 'The body must be JSON like {"port": 3000}.', { cause })
  }
}

/** Stored hashed: whoever reads the store cannot use it. */
function keyOf(ticket: string): string {
  return `preview-ticket:${createHash('sha256').update(ticket).digest('hex')}`
}
