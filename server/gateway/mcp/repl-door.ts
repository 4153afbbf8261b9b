import type { IncomingMessage, ServerResponse } from 'node:http'
import { replIdSchema } from '#protocol/ids.ts'
import { findTool } from '#protocol/tools/tools.ts'
import type { Resource } from '#server/agents/connection-record.ts'
import { AppError, toAppError } from '#server/errors.ts'
import { abortWhenUnwanted } from '#server/gateway/client-gone.ts'
import type { Hold } from '#server/gateway/access-watch.ts'
import { isAnsweredAsleep } from '#server/gateway/mcp/asleep.ts'
import type { Caller } from '#server/gateway/mcp/callers.ts'
import { holdCaller } from '#server/gateway/mcp/hold-caller.ts'
import type { RunningSandbox } from '#server/repls/repls.ts'
import type { McpParts } from '#server/gateway/mcp/mcp-parts.ts'
import { askedIn, isSubscription, toolError } from '#server/gateway/mcp/message.ts'
import type { Asked } from '#server/gateway/mcp/message.ts'
import type { Use } from '#server/gateway/mcp/meters.ts'
import { requireMcpMethod } from '#server/gateway/mcp/method.ts'
import { metadataUrl, requireOwnAddress } from '#server/gateway/mcp/own-address.ts'
import { readMessage } from '#server/gateway/mcp/read-message.ts'
import { missingScope, answerRefusal, sayToModel } from '#server/gateway/mcp/refusals.ts'
import { breakOff, relayAnswer } from '#server/gateway/mcp/relay.ts'
import { callSidecar } from '#server/gateway/mcp/sidecar-call.ts'
import { tellWhileWaking } from '#server/gateway/mcp/waking.ts'
import { sendWebResponse, toWebRequest } from '#server/gateway/mcp/web.ts'

/** What a first sign-in asks for; the consent page offers what the person's role allows. */
const FIRST_SCOPES = 'repl:read repl:write repl:exec'

interface Exchange {
  request: IncomingMessage
  response: ServerResponse
}

/** One request of an agent that was let in. */
interface Conversation extends Exchange {
  replId: string
  asked: Asked | undefined
  body: string | undefined
  hold: Hold<Caller>
  use: Use
  signal: AbortSignal
}

/** `/r/<replId>/mcp`: an agent's way to a REPL's sidecar, or to what can be said while it sleeps. Answers every fault. */
export async function serveReplAgent(parts: McpParts, { request, response }: Exchange, replId: string): Promise<void> {
  const resource: Resource = { kind: 'repl', replId: replIdSchema.parse(replId) }
  let asked: Asked | undefined
  try {
    requireOwnAddress(request, parts.publicUrl())
    requireMcpMethod(request, response)
    const presented = await parts.callers.identify(request, resource)
    await using hold = await holdCaller(parts, presented, replId)
    try {
      const isPost = request.method === 'POST'
      // Before its body is read, which is held meanwhile: what is posted is a call until it says otherwise.
      using use = parts.meters.begin({ connectionId: presented.connectionId, replId, isStream: !isPost })
      const body = isPost ? await readMessage(request, parts.mcpLimits) : undefined
      use.bytes(Buffer.byteLength(body ?? ''))
      asked = body === undefined ? undefined : askedIn(body)
      if (isStream(asked)) use.asStream()
      parts.connections.used(hold.value.connection)
      const signal = AbortSignal.any([hold.signal, abortWhenUnwanted(response)])
      await converse(parts, { request, response, replId, asked, body, hold, use, signal })
    } catch (error) {
      if (!hold.signal.aborted) throw error
      if (!response.headersSent || response.writableEnded) throw hold.signal.reason
      breakOff(response, asked, hold.signal.reason)
    }
  } catch (error) {
    const known = toAppError(error)
    if (known.code === 'internal') parts.log.error('an agent could not be served', known, { repl: replId })
    answerRefusal(response, error, {
      metadataUrl: metadataUrl(parts.publicUrl(), resource),
      scope: FIRST_SCOPES,
      id: asked?.id,
    })
  }
}

async function converse(parts: McpParts, talk: Conversation): Promise<void> {
  const { request, response, replId, asked, hold, signal } = talk
  const lacking = lackingScope(asked, hold.value)
  if (lacking !== undefined) {
    if (answerInWords(response, asked, lacking)) return
    throw lacking
  }
  const isUse = isUsed(asked)
  if (isUse) parts.lifecycle.touch(replId)
  const running = await parts.lifecycle.running(replId)
  if (running === undefined) {
    if (request.method !== 'POST' || asked === undefined) return refuseAsleep(request, response)
    if (await answerAsleep(parts, talk, asked)) return
  }
  const keepUsed = setInterval(() => {
    if (isUse && !isStream(asked)) parts.lifecycle.touch(replId)
  }, parts.mcpLimits.touchEveryMs)
  try {
    await callAwake(parts, talk, running)
  } catch (error) {
    if (signal.aborted || !answerInWords(response, asked, error)) throw error
    const known = toAppError(error)
    if (known.code === 'internal') parts.log.error('a request of an agent failed', known, { repl: replId })
  } finally {
    clearInterval(keepUsed)
  }
}

/** Calls the sandbox that runs, or the one that a sleeping REPL (`running` absent) wakes to. */
async function callAwake(parts: McpParts, talk: Conversation, running: RunningSandbox | undefined): Promise<void> {
  const { request, response, replId, asked, body, hold, use, signal } = talk
  const isMeant = !isStream(asked)
  const wake = () => parts.sandboxes.wake(replId, { limitMs: parts.mcpLimits.wakeMs, signal, isMeant })
  const target =
    running === undefined
      ? await tellWhileWaking(wake(), response, { request, asked, limits: parts.mcpLimits, signal })
      : { replId, ...running }
  const answer = await callSidecar(parts.agentTokens, {
    request,
    body,
    target,
    caller: hold.value,
    agent: parts.tunnels.sidecarOf(target),
    isNewSandbox: running === undefined,
    limits: parts.limits,
    signal,
  })
  try {
    await relayAnswer(answer, response, {
      asked,
      signal,
      maxHeldBytes: parts.mcpLimits.maxHeldAnswerBytes,
      onBytes: (count) => use.bytes(count),
    })
  } finally {
    // An answer that nobody reads to its end ends what it came from.
    if (!answer.complete || signal.aborted) answer.destroy()
    // Whoever was cut off is told so.
    if (signal.aborted && !hold.signal.aborted) response.destroy()
  }
}

/** Whether it could be answered, or refused, without waking the REPL. */
async function answerAsleep(parts: McpParts, talk: Conversation, asked: Asked): Promise<boolean> {
  const { request, response, body, hold, use, signal } = talk
  const web = toWebRequest(request, { body, signal, origin: parts.publicUrl().origin })
  web.headers.delete('mcp-session-id')
  const answer = isAnsweredAsleep(asked.method)
    ? await parts.sleeper.answer(web, asked.parsed, hold.value.scopes)
    : await parts.sleeper.refusal(web, asked.parsed)
  if (answer === undefined) return false
  await sendWebResponse(response, answer, { signal, onBytes: (count) => use.bytes(count) })
  return true
}

/** No stream and no session: a later call wakes it. */
function refuseAsleep({ method }: IncomingMessage, response: ServerResponse): void {
  response.writeHead(method === 'DELETE' ? 204 : 405, { 'cache-control': 'no-store', allow: 'POST' })
  response.end()
}

/** A tool's failure is a result, so that the model learns of it; in a stream that has begun, every failure is an event. */
function answerInWords(response: ServerResponse, asked: Asked | undefined, error: unknown): boolean {
  if (asked?.id === undefined) return false
  if (response.headersSent) {
    breakOff(response, asked, error)
    return true
  }
  if (asked.tool === undefined) return false
  const body = JSON.stringify(toolError(asked.id, sayToModel(error)))
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  })
  response.end(body)
  return true
}

/** Asks for more rights where the person can give them: throws. Else what the model is to be told. */
function lackingScope(asked: Asked | undefined, { scopes, possible }: Caller): AppError | undefined {
  const scope = asked?.tool === undefined ? undefined : findTool(asked.tool)?.scope
  if (scope === undefined || scopes.includes(scope)) return undefined
  if (possible.includes(scope)) throw missingScope(scope)
  return new AppError('forbidden', `This needs the scope ${scope}, which this agent’s person may not give here.`, {
    advice: 'Do without it, or have the person ask the REPL’s owner for a role that may.',
  })
}

/** What needs no sandbox keeps none: clients that nobody sits at go on to ask whether it is there. */
function isUsed(asked: Asked | undefined): boolean {
  return asked !== undefined && !isAnsweredAsleep(asked.method)
}

function isStream(asked: Asked | undefined): boolean {
  return asked === undefined || isSubscription(asked)
}
