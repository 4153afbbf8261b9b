import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  createMcpHandler,
  isInitializeRequest,
  isLegacyRequest,
  legacyStatelessFallback,
} from '@modelcontextprotocol/server'
import type { AuthInfo, McpServerFactory, ServerEventBus } from '@modelcontextprotocol/server'
import * as z from 'zod'
import type { AgentClaims } from '#protocol/claims.ts'
import { readBody } from '../http-call.ts'
import { SidecarError } from '../sidecar-error.ts'
import type { Identify } from './caller.ts'
import { KEEP_ALIVE_MS, MAX_BODY_BYTES, MAX_SUBSCRIPTIONS } from './limits.ts'
import { createMcpServer } from './mcp-server.ts'
import type { McpServerOptions } from './mcp-server.ts'
import { firstOf } from './offer.ts'
import { LostCalls } from './lost-calls.ts'
import { requestSchema } from './request-message.ts'
import { Sessions } from './sessions.ts'
import { abortWhenHungUp, sendWebResponse, toWebRequest } from './web-http.ts'

export interface EndpointOptions {
  identify: Identify
  offers: McpServerOptions['offers']
  more?: McpServerOptions['more']
  onError: (error: Error) => void
  /** Carries notices; its own unless given. */
  bus?: ServerEventBus
}

/** The MCP endpoint of a sandbox. */
export interface McpEndpoint extends AsyncDisposable {
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>
  /** Tells who follows it that this resource is another now. */
  resourceUpdated(uri: string): void
  resourcesChanged(): void
}

interface Called {
  request: Request
  parsedBody: unknown
  caller: AgentClaims
  over: AbortSignal
  /** Ends it as if the line had broken. */
  cancel: () => void
  answering: DisposableStack
}

const toolCallSchema = z.object({ method: z.literal('tools/call'), params: z.object({ name: z.string() }) })

/**
 * Serves both generations of the protocol at one address: requests of the newer one each for themselves, sessions of the
 * older one, and requests of the older one without a session (as after the control plane has answered for a sleeping
 * REPL) or with one that was lost.
 */
export function createMcpEndpoint({ identify, offers, more, bus, onError }: EndpointOptions): McpEndpoint {
  const factory: McpServerFactory = ({ era }) => createMcpServer({ offers, era, ...(more !== undefined && { more }) })
  const modern = createMcpHandler(factory, {
    legacy: 'reject',
    onerror: onError,
    ...(bus !== undefined && { bus }),
    keepAliveMs: KEEP_ALIVE_MS,
    maxSubscriptions: MAX_SUBSCRIPTIONS,
    maxRequestBodySize: MAX_BODY_BYTES,
  })
  const stateless = legacyStatelessFallback(factory, onError, { maxRequestBodySize: MAX_BODY_BYTES })
  const sessions = new Sessions((onFollow) =>
    createMcpServer({ offers, era: 'legacy', onFollow, ...(more !== undefined && { more }) }),
  )

  const lost = new LostCalls()

  const answer = async (called: Called): Promise<Response> => {
    const { request, parsedBody, caller, over, answering } = called
    const lacking = lackingScope(parsedBody, caller, offers)
    if (lacking !== undefined) return challenge(lacking)
    const authInfo = authInfoOf(caller)
    const { connection, sub: person } = caller
    const asked = { request, parsedBody, authInfo, connection, person, over, answering }
    const session = request.headers.get('mcp-session-id')
    const isPost = request.method === 'POST'
    if (isPost && !(await isLegacyRequest(request, parsedBody))) return modern.fetch(request, { authInfo, parsedBody })
    if (session !== null) {
      const served = await sessions.serve(session, asked)
      if (served !== undefined) return served
      // What is posted needs no session to be answered; a stream does.
      if (!isPost || sessions.isClosed(session, asked) || needsSession(parsedBody)) return sessionOver()
      lost.take(session, { ...called, connection })
    }
    if (isPost && isInitializeRequest(parsedBody)) {
      const begun = await sessions.begin(asked)
      if (begun !== undefined) return begun
    }
    if (isPost) return stateless(request, { authInfo, parsedBody })
    return modern.fetch(request, { authInfo })
  }

  return {
    handle: async (request, response) => {
      const caller = await identify(request.headers.authorization)
      const body = request.method === 'POST' ? await bodyOf(request) : undefined
      const parsed = parse(body)
      if (parsed === undefined) return sendWebResponse(response, parseError())
      if (Array.isArray(parsed.value)) return sendWebResponse(response, batchError())
      const line = abortWhenHungUp(response)
      const over = line.signal
      const web = toWebRequest(request, over, body)
      using answering = new DisposableStack()
      const called = { request: web, parsedBody: parsed.value, caller, over, cancel: () => line.abort(), answering }
      await sendWebResponse(response, await answer(called))
    },
    resourceUpdated: (uri) => {
      modern.notify.resourceUpdated(uri)
      sessions.resourceUpdated(uri)
    },
    resourcesChanged: () => {
      modern.notify.resourcesChanged()
      sessions.resourcesChanged()
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([modern.close(), sessions[Symbol.asyncDispose]()])
    },
  }
}

/** What is of no use without a session, where the client would take it for done. */
function needsSession(body: unknown): boolean {
  const { data } = requestSchema.safeParse(body)
  return data?.method === 'resources/subscribe' || data?.method === 'resources/unsubscribe'
}

function authInfoOf(caller: AgentClaims): AuthInfo {
  return {
    token: '',
    clientId: caller.connection,
    scopes: caller.scopes,
    expiresAt: caller.exp,
    extra: { claims: caller },
  }
}

/** The scope that a call of a tool needs and its token lacks: what 403 asks a client to get (step-up). */
function lackingScope(body: unknown, caller: AgentClaims, offers: EndpointOptions['offers']): string | undefined {
  const called = toolCallSchema.safeParse(body)
  if (!called.success) return undefined
  const scope = firstOf(offers, (offer) => offer.scopeOf(called.data.params.name))
  return scope === undefined || caller.scopes.includes(scope) ? undefined : scope
}

function challenge(scope: string): Response {
  return Response.json(
    {
      error: { code: 'forbidden', message: `This needs the scope ${scope}.`, advice: 'Ask for it, or ask the owner.' },
    },
    {
      status: 403,
      headers: {
        'www-authenticate': `Bearer error="insufficient_scope", error_description="Insufficient scope", scope="${scope}"`,
      },
    },
  )
}

/** The client begins a new session then. */
function sessionOver(): Response {
  return Response.json(
    { jsonrpc: '2.0', error: { code: -32_001, message: 'Session not found' }, id: null },
    { status: 404 },
  )
}

function parseError(): Response {
  return Response.json(
    { jsonrpc: '2.0', error: { code: -32_700, message: 'Parse error: not JSON' }, id: null },
    { status: 400 },
  )
}

/** Only revision 2025-03-26 had them. Scopes and limits go by the request, which may hold one call then. */
function batchError(): Response {
  return Response.json(
    {
      jsonrpc: '2.0',
      error: { code: -32_600, message: 'Batches are not served: send each message by itself.' },
      id: null,
    },
    { status: 400 },
  )
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES)
    throw new SidecarError('too_large', `A call may have ${MAX_BODY_BYTES} bytes.`, {
      advice: 'For larger files, ask write_file for a link and PUT the bytes there.',
    })
  return (await readBody(request, MAX_BODY_BYTES)).toString('utf8')
}

function parse(body: string | undefined): { value: unknown } | undefined {
  if (body === undefined) return { value: undefined }
  try {
    return { value: JSON.parse(body) }
  } catch {
    return undefined
  }
}
