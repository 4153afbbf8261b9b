import type { IncomingMessage, ServerResponse } from 'node:http'
import { toAppError } from '#server/errors.ts'
import { abortWhenUnwanted } from '#server/gateway/client-gone.ts'
import { ACCOUNT_TOOL_SCOPES } from '#server/gateway/mcp/account-server.ts'
import type { Presented } from '#server/gateway/mcp/callers.ts'
import type { McpParts } from '#server/gateway/mcp/mcp-parts.ts'
import { askedIn } from '#server/gateway/mcp/message.ts'
import type { Asked } from '#server/gateway/mcp/message.ts'
import { requireMcpMethod } from '#server/gateway/mcp/method.ts'
import { metadataUrl, requireOwnAddress } from '#server/gateway/mcp/own-address.ts'
import { readMessage } from '#server/gateway/mcp/read-message.ts'
import { missingScope, answerRefusal } from '#server/gateway/mcp/refusals.ts'
import { sendWebResponse, toWebRequest } from '#server/gateway/mcp/web.ts'

const RESOURCE = { kind: 'account' } as const
const FIRST_SCOPES = 'account:read account:write'

/** `/mcp`: an agent's way to the account, to make itself a REPL. Answers every fault. */
export async function serveAccountAgent(
  parts: McpParts,
  { request, response }: { request: IncomingMessage; response: ServerResponse },
): Promise<void> {
  let asked: Asked | undefined
  try {
    requireOwnAddress(request, parts.publicUrl())
    requireMcpMethod(request, response)
    const presented = await parts.callers.identify(request, RESOURCE)
    const caller = await parts.callers.ofAccount(presented)
    const isPost = request.method === 'POST'
    // Before its body is read, which is held meanwhile: what is posted is a call until it says otherwise.
    using use = parts.meters.begin({ connectionId: presented.connectionId, replId: undefined, isStream: !isPost })
    const body = isPost ? await readMessage(request, parts.mcpLimits) : undefined
    use.bytes(Buffer.byteLength(body ?? ''))
    asked = body === undefined ? undefined : askedIn(body)
    requireScope(asked, caller.scopes)
    if (asked?.method === 'subscriptions/listen') use.asStream()
    parts.connections.used(caller.connection)
    using right = whileAllowed(parts, presented)
    const signal = AbortSignal.any([right.signal, abortWhenUnwanted(response)])
    const answer = await parts.account.answer(
      toWebRequest(request, { body, signal, origin: parts.publicUrl().origin }),
      asked?.parsed,
      { who: caller.who, scopes: caller.scopes, connection: presented.connectionId, client: caller.connection.client },
    )
    await sendWebResponse(response, answer, { signal, onBytes: (count) => use.bytes(count) })
  } catch (error) {
    const known = toAppError(error)
    if (known.code === 'internal') parts.log.error('an agent could not be served', known)
    answerRefusal(response, error, {
      metadataUrl: metadataUrl(parts.publicUrl(), RESOURCE),
      scope: FIRST_SCOPES,
      id: asked?.id,
    })
  }
}

function requireScope(asked: Asked | undefined, scopes: readonly string[]): void {
  const scope = asked?.tool === undefined ? undefined : ACCOUNT_TOOL_SCOPES[asked.tool]
  if (scope !== undefined && !scopes.includes(scope)) throw missingScope(scope)
}

/** Aborts soon after the connection has been cut. */
function whileAllowed(parts: McpParts, presented: Presented): Disposable & { signal: AbortSignal } {
  const gone = new AbortController()
  const timer = setInterval(() => {
    parts.callers.ofAccount(presented).catch((error: unknown) => {
      if (toAppError(error).code === 'unauthenticated') gone.abort(error)
    })
  }, parts.mcpLimits.recheckAccountMs)
  timer.unref()
  return { signal: gone.signal, [Symbol.dispose]: () => clearInterval(timer) }
}
