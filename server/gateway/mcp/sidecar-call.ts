import { request as httpRequest } from 'node:http'
import type { Agent, IncomingMessage } from 'node:http'
import type { Tokens } from '#server/auth/tokens.ts'
import { AppError } from '#server/errors.ts'
import { flat, onlyHeaders } from '#server/gateway/headers.ts'
import type { HeaderList } from '#server/gateway/headers.ts'
import type { GatewayLimits } from '#server/gateway/limits.ts'
import type { Caller } from '#server/gateway/mcp/callers.ts'
import type { McpLimits } from '#server/gateway/mcp/limits.ts'
import type { Target } from '#server/gateway/sandboxes.ts'

const SIDECAR_PATH = '/mcp'

const PASSED = /^(?:mcp-.*|accept|content-type|last-event-id|traceparent|tracestate|baggage)$/

interface Call {
  request: IncomingMessage
  body: string | undefined
  target: Target
  caller: Caller
  agent: Agent
  /** Leaves out the session: it belonged to a sandbox that is gone. */
  isNewSandbox: boolean
  limits: GatewayLimits
  signal: AbortSignal
}

/** Tokens for sidecars, used again for a moment: signing takes longer than the rest of a call's way. */
export interface AgentTokens {
  tokenFor(target: Target, caller: Caller): Promise<string>
}

export function createAgentTokens(tokens: Tokens, { tokenReuseMs, maxMeters }: McpLimits): AgentTokens {
  const kept = new Map<string, { token: Promise<string>; until: number }>()
  return {
    tokenFor: ({ replId, sandboxId, generation }, { who, connection, scopes }) => {
      const key = [connection.id, sandboxId, generation, who.name, ...scopes].join(' ')
      const known = kept.get(key)
      if (known !== undefined && known.until > Date.now()) return known.token
      const token = tokens.agent({
        sub: who.id,
        repl: replId,
        generation,
        sandbox: sandboxId,
        scopes,
        actor: who.name.slice(0, 200),
        client: connection.client.slice(0, 200),
        connection: connection.id,
      })
      kept.delete(key)
      kept.set(key, { token, until: Date.now() + tokenReuseMs })
      const [oldest] = kept.keys()
      if (kept.size > maxMeters && oldest !== undefined) kept.delete(oldest)
      return token
    },
  }
}

/** Calls the sidecar; its answer's head has come when this resolves. */
export async function callSidecar(tokens: AgentTokens, call: Call): Promise<IncomingMessage> {
  const { request, body, target, caller, agent, limits, signal } = call
  const token = await tokens.tokenFor(target, caller)
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const upstream = httpRequest({
      agent,
      method: request.method ?? 'GET',
      path: SIDECAR_PATH,
      headers: flat(headersFor(call, token)),
      maxHeaderSize: limits.maxHeadBytes,
      signal,
    })
    upstream.on('response', resolve)
    upstream.on('error', (cause) => reject(cause instanceof AppError ? cause : brokenCall(cause)))
    // Of a switch of protocols, which nobody asked for, there is no other word.
    upstream.on('close', () => reject(brokenCall(undefined)))
    upstream.end(body)
  })
  // Its own check of a token that we have just signed: it has become another generation's.
  if (answer.statusCode === 401) {
    answer.destroy()
    throw new AppError('unavailable', 'The sandbox was replaced just now.', { advice: 'Call again.' })
  }
  return answer
}

/** It may have been begun: nobody repeats it unasked. */
export function brokenCall(cause: unknown): AppError {
  return new AppError(
    'unavailable',
    'The sandbox went away while this call was under way; whether it took effect is not known.',
    {
      cause,
      advice:
        'Call repl_info until it answers, look what was done (process_list, read_file), then repeat what is missing.',
    },
  )
}

function headersFor({ request, body, isNewSandbox }: Call, token: string): HeaderList {
  const names = new Set(Object.keys(request.headers).filter((name) => PASSED.test(name)))
  if (isNewSandbox) names.delete('mcp-session-id')
  return [
    ['Host', 'sidecar'],
    ['Authorization', `Bearer ${token}`],
    ...(body === undefined ? [] : ([['Content-Length', String(Buffer.byteLength(body))]] satisfies HeaderList)),
    ...onlyHeaders(request.rawHeaders, names),
  ]
}
