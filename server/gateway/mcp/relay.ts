import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import { wireErrorSchema } from '#protocol/errors.ts'
import { AppError, fromWireError } from '#server/errors.ts'
import { jsonOrNothing } from '#server/json.ts'
import { eventOf, isSubscription, toolError } from '#server/gateway/mcp/message.ts'
import type { Asked } from '#server/gateway/mcp/message.ts'
import { refusalMessage, sayToModel } from '#server/gateway/mcp/refusals.ts'
import { brokenCall } from '#server/gateway/mcp/sidecar-call.ts'
import { readSmallBody } from '#server/gateway/small-body.ts'

/** A sidecar's answer is only these; nothing else of it reaches our origin. */
const PASSED = ['content-type', 'mcp-session-id', 'mcp-protocol-version', 'retry-after', 'allow'] as const
const TYPES = /^(?:application\/json|text\/event-stream)\b/

interface Relay {
  asked: Asked | undefined
  signal: AbortSignal
  maxHeldBytes: number
  onBytes: (count: number) => void
}

/** Passes the sidecar's answer on: a stream as it comes, one message whole. */
export async function relayAnswer(answer: IncomingMessage, response: ServerResponse, relay: Relay): Promise<void> {
  if (answer.headers['content-type']?.startsWith('text/event-stream') !== true)
    return await relayMessage(answer, response, relay)
  if (!response.headersSent) {
    response.writeHead(answer.statusCode ?? 502, headersOf(answer))
    response.flushHeaders()
  }
  try {
    await pump(answer, response, relay)
    response.end()
  } catch (error) {
    if (relay.signal.aborted) throw error
    breakOff(response, relay.asked, brokenCall(error))
  }
}

async function pump(answer: IncomingMessage, response: ServerResponse, { signal, onBytes }: Relay): Promise<void> {
  for await (const chunk of answer) {
    const bytes = Buffer.from(chunk)
    onBytes(bytes.length)
    if (!response.write(bytes)) await once(response, 'drain', { signal })
  }
  if (!answer.complete) throw new AppError('unavailable', 'The answer was cut.')
}

/**
 * Where it is cut, there is still room to say so. A stream of ours that has begun gets it as an event. Throws what the
 * request is refused with, where its client does not understand that as it is.
 */
async function relayMessage(answer: IncomingMessage, response: ServerResponse, relay: Relay): Promise<void> {
  const text = await readSmallBody(answer, relay.maxHeldBytes).catch((error: unknown) => {
    throw relay.signal.aborted ? error : brokenCall(error)
  })
  relay.onBytes(Buffer.byteLength(text))
  const refusal = refusalIn(answer, text, { asked: relay.asked, isInStream: response.headersSent })
  if (refusal !== undefined) throw refusal
  if (!response.headersSent) {
    response.statusCode = answer.statusCode ?? 502
    response.setHeaders(new Map(Object.entries(headersOf(answer))))
    return void response.end(text)
  }
  // A message in one line is what an event's data is; a body that is none never began as one.
  if (text !== '') response.write(eventOf(JSON.parse(text)))
  response.end()
}

const refusedSchema = z.object({ error: wireErrorSchema })
const messageSchema = z.object({
  jsonrpc: z.literal('2.0'),
  id: z.union([z.string(), z.number()]).nullish(),
  error: z.object({ message: z.string() }).optional(),
})

/**
 * Why the sidecar refuses what was asked, unless the client understands that as it is: by its status (of a tool's call:
 * with a message, as for a session that is over or headers that contradict the body) or, in a stream, by its id.
 */
function refusalIn(
  { statusCode = 502 }: IncomingMessage,
  text: string,
  { asked, isInStream }: { asked: Asked | undefined; isInStream: boolean },
): AppError | undefined {
  if (statusCode < 400 || asked?.id === undefined || (asked.tool === undefined && !isInStream)) return undefined
  const body = jsonOrNothing(text)
  const message = messageSchema.safeParse(body).data
  if (message !== undefined && (!isInStream || message.id === asked.id)) return undefined
  const refused = refusedSchema.safeParse(body).data?.error
  if (refused !== undefined) return fromWireError(refused)
  return new AppError('unavailable', message?.error?.message ?? `The sandbox answered ${statusCode}.`, {
    advice: 'Call repl_info until it answers, then try again.',
  })
}

/**
 * Ends a stream with the answer that a client waits for, a tool's as a result that a model can act on: the blank line ends
 * an event that was cut. A subscription just breaks: its client comes again.
 */
export function breakOff(response: ServerResponse, asked: Asked | undefined, error: unknown): void {
  if (asked?.id === undefined || isSubscription(asked)) return void response.destroy()
  const said = asked.tool === undefined ? refusalMessage(asked.id, error) : toolError(asked.id, sayToModel(error))
  response.end(`\n\n${eventOf(said)}`)
}

function headersOf(answer: IncomingMessage): Record<string, string> {
  const kept = PASSED.flatMap((name): [string, string][] => {
    const value = answer.headers[name]
    return typeof value === 'string' ? [[name, value]] : []
  })
  const headers = Object.fromEntries(kept)
  const type = headers['content-type']
  if (type !== undefined && !TYPES.test(type)) headers['content-type'] = 'application/octet-stream'
  return {
    ...headers,
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
  }
}
