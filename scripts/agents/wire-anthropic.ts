import { z } from 'zod'
import type { Conversation, Move } from './script.ts'

const textBlock = z.object({ type: z.literal('text'), text: z.string() })
const resultBlock = z.object({
  type: z.literal('tool_result'),
  tool_use_id: z.string(),
  content: z.union([z.string(), z.array(z.unknown())]).optional(),
})
const block = z.union([textBlock, resultBlock, z.object({ type: z.string() })])
const requestSchema = z.object({
  messages: z.array(z.object({ role: z.string(), content: z.union([z.string(), z.array(block)]) })),
  tools: z.array(z.object({ name: z.string() })).default([]),
})

/** A request of `POST /v1/messages`. */
export function readMessages(body: unknown): Conversation {
  const { messages, tools } = requestSchema.parse(body)
  const blocks = messages.flatMap(({ role, content }) => {
    const list = typeof content === 'string' ? [{ type: 'text', text: content }] : content
    return list.map((one) => ({ role, one }))
  })
  const answered = blocks.flatMap(({ one }) => resultBlock.safeParse(one).data?.tool_use_id ?? [])
  return {
    hasLookedUp: answered.at(-1) === 'toolu_look_up',
    said: blocks
      .map(({ role, one }) => (role === 'user' ? (textBlock.safeParse(one).data?.text ?? '') : ''))
      .join('\n'),
    tools: tools.map(({ name }) => name),
    results: blocks.flatMap(({ one }) => {
      const result = resultBlock.safeParse(one).data
      if (result?.tool_use_id.startsWith('toolu_call_') !== true) return []
      return [typeof result.content === 'string' ? result.content : JSON.stringify(result.content ?? [])]
    }),
  }
}

/** The answer as server-sent events. */
export function writeMessages(move: Move): string {
  const usage = { input_tokens: 10, output_tokens: 10 }
  const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'fake', content: [], usage }
  const stop = { stop_reason: move.kind === 'say' ? 'end_turn' : 'tool_use', stop_sequence: null }
  return [
    { type: 'message_start', message: { ...message, stop_reason: null, stop_sequence: null } },
    ...content(move),
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: stop, usage },
    { type: 'message_stop' },
  ]
    .map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
    .join('')
}

function content(move: Move) {
  if (move.kind === 'say') {
    return [
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: move.text } },
    ]
  }
  const use =
    move.kind === 'call'
      ? { id: `toolu_call_${move.step}`, name: move.name, input: move.args }
      : { id: 'toolu_look_up', name: 'ToolSearch', input: { query: `select:${move.tool}` } }
  return [
    {
      type: 'content_block_start',
      index: 0,
      content_block: { type: 'tool_use', id: use.id, name: use.name, input: {} },
    },
    {
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'input_json_delta', partial_json: JSON.stringify(use.input) },
    },
  ]
}
