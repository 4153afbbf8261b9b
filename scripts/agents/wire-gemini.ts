import { z } from 'zod'
import type { Conversation, Move } from './script.ts'

const requestSchema = z.object({
  contents: z.array(
    z.object({
      role: z.string().optional(),
      parts: z.array(
        z.object({ text: z.string().optional(), functionResponse: z.object({ response: z.unknown() }).optional() }),
      ),
    }),
  ),
  tools: z.array(z.object({ functionDeclarations: z.array(z.object({ name: z.string() })).default([]) })).default([]),
})

/** A request of `POST /v1beta/models/…:streamGenerateContent`. */
export function readGemini(body: unknown): Conversation {
  const { contents, tools } = requestSchema.parse(body)
  const parts = contents.flatMap(({ role, parts }) => parts.map((part) => ({ role, ...part })))
  return {
    hasLookedUp: false,
    said: parts.map(({ role, text = '' }) => (role === 'user' ? text : '')).join('\n'),
    tools: tools.flatMap(({ functionDeclarations }) => functionDeclarations.map(({ name }) => name)),
    results: parts.flatMap(({ functionResponse }) =>
      functionResponse === undefined ? [] : [JSON.stringify(functionResponse.response)],
    ),
  }
}

/** The whole answer, as the one object of a stream or of a plain answer. */
export function writeGemini(move: Move): unknown {
  const part =
    move.kind === 'call'
      ? { functionCall: { name: move.name, args: move.args } }
      : { text: move.kind === 'say' ? move.text : `MISSING: ${move.tool}` }
  return {
    candidates: [{ index: 0, finishReason: 'STOP', content: { role: 'model', parts: [part] } }],
    usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 10, totalTokenCount: 20 },
  }
}
