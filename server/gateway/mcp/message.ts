import { z } from 'zod'
import { AppError } from '#server/errors.ts'

const idSchema = z.union([z.string(), z.number()])

const messageSchema = z.object({
  jsonrpc: z.literal('2.0'),
  id: idSchema.optional(),
  method: z.string().optional(),
  params: z
    .object({
      name: z.string().optional(),
      _meta: z.object({ progressToken: idSchema.optional() }).optional(),
    })
    .optional(),
})

/** What a request asks for, as far as its way depends on it. The rest is read by who answers it. */
export interface Asked {
  /** Absent for notifications. */
  id: string | number | undefined
  method: string
  /** The tool of a call. */
  tool: string | undefined
  progressToken: string | number | undefined
  /** The body as it was read. */
  parsed: unknown
}

/**
 * What the body says; `bad_request` where it is not one JSON-RPC message. Batches, which only revision 2025-03-26 had, are
 * refused: scopes and limits go by the request.
 */
export function askedIn(body: string): Asked {
  const parsed = parse(body)
  if (Array.isArray(parsed))
    throw new AppError('bad_request', 'Batches are not served here.', { advice: 'Send each message by itself.' })
  const message = messageSchema.safeParse(parsed)
  if (!message.success) throw new AppError('bad_request', 'The body is not a JSON-RPC message.')
  const { id, method, params } = message.data
  return {
    id,
    // An answer of the client to a question of the server.
    method: method ?? 'response',
    tool: method === 'tools/call' ? params?.name : undefined,
    progressToken: params?._meta?.progressToken,
    parsed,
  }
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** Asks for a stream that goes on until one side ends it. */
export function isSubscription({ method }: Asked): boolean {
  return method === 'subscriptions/listen'
}

/** A line of the stream (server-sent events) that carries one message. */
export function eventOf(message: unknown): string {
  return `event: message\ndata: ${JSON.stringify(message)}\n\n`
}

/** The result of a call that could not be done, in words that a model can act on. */
export function toolError(id: string | number | undefined, text: string): unknown {
  return {
    jsonrpc: '2.0',
    id: id ?? null,
    result: { content: [{ type: 'text', text }], isError: true, resultType: 'complete' },
  }
}
