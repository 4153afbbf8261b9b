import { z } from 'zod'
import type { Conversation, Move } from './script.ts'

const toolSchema = z.object({
  type: z.string(),
  name: z.string().optional(),
  tools: z.array(z.object({ name: z.string() })).optional(),
})
const itemSchema = z.object({
  type: z.string(),
  role: z.string().optional(),
  content: z.array(z.object({ text: z.string().optional() })).optional(),
  output: z.unknown().optional(),
})
const responsesSchema = z.object({ input: z.array(itemSchema), tools: z.array(toolSchema).default([]) })

/** A request of `POST /v1/responses`; a tool of a namespace is called `namespace__tool` here. */
export function readResponses(body: unknown): Conversation {
  const { input, tools } = responsesSchema.parse(body)
  return {
    hasLookedUp: false,
    said: input
      .filter(({ type, role }) => type === 'message' && role === 'user')
      .flatMap(({ content = [] }) => content.map(({ text = '' }) => text))
      .join('\n'),
    tools: tools.flatMap(({ name = '', tools: inside }) => inside?.map((tool) => `${name}__${tool.name}`) ?? [name]),
    results: input
      .filter(({ type }) => type === 'function_call_output')
      .map(({ output }) => (typeof output === 'string' ? output : JSON.stringify(output))),
  }
}

/** The answer as server-sent events. */
export function writeResponses(move: Move): string {
  const usage = { input_tokens: 10, output_tokens: 10, total_tokens: 20 }
  const response = { id: 'resp_1', object: 'response', status: 'completed', output: [], usage }
  const item = itemOf(move)
  return [
    { type: 'response.created', response: { ...response, status: 'in_progress' } },
    { type: 'response.output_item.added', output_index: 0, item },
    { type: 'response.output_item.done', output_index: 0, item },
    { type: 'response.completed', response },
  ]
    .map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
    .join('')
}

function itemOf(move: Move) {
  if (move.kind !== 'call') {
    const text = move.kind === 'say' ? move.text : `MISSING: ${move.tool}`
    return {
      type: 'message',
      id: 'msg_1',
      role: 'assistant',
      content: [{ type: 'output_text', text, annotations: [] }],
    }
  }
  const at = move.name.lastIndexOf('__')
  return {
    type: 'function_call',
    id: `fc_${move.step}`,
    call_id: `call_${move.step}`,
    namespace: move.name.slice(0, at),
    name: move.name.slice(at + 2),
    arguments: JSON.stringify(move.args),
  }
}

const chatSchema = z.object({
  messages: z.array(
    z.object({
      role: z.string(),
      content: z.union([z.string(), z.array(z.object({ text: z.string().optional() }))]).nullish(),
    }),
  ),
  tools: z.array(z.object({ function: z.object({ name: z.string() }) })).default([]),
})

/** A request of `POST /v1/chat/completions`. */
export function readChat(body: unknown): Conversation {
  const { messages, tools } = chatSchema.parse(body)
  const of = (wanted: string) =>
    messages
      .filter(({ role }) => role === wanted)
      .map(({ content }) =>
        typeof content === 'string' ? content : (content ?? []).map(({ text = '' }) => text).join('\n'),
      )
  return {
    said: of('user').join('\n'),
    tools: tools.map((tool) => tool.function.name),
    results: of('tool'),
    hasLookedUp: false,
  }
}

/** The answer as the chunks of a streamed completion. */
export function writeChat(move: Move): string {
  const text = move.kind === 'say' ? move.text : `MISSING: ${move.kind === 'call' ? '' : move.tool}`
  const delta =
    move.kind === 'call'
      ? {
          role: 'assistant',
          tool_calls: [
            {
              index: 0,
              id: `call_${move.step}`,
              type: 'function',
              function: { name: move.name, arguments: JSON.stringify(move.args) },
            },
          ],
        }
      : { role: 'assistant', content: text }
  const end = move.kind === 'call' ? 'tool_calls' : 'stop'
  const chunks = [
    { choices: [{ index: 0, delta, finish_reason: null }] },
    {
      choices: [{ index: 0, delta: {}, finish_reason: end }],
      usage: { prompt_tokens: 10, completion_tokens: 10, total_tokens: 20 },
    },
  ]
  const whole = chunks.map((chunk) => ({
    id: 'c_1',
    object: 'chat.completion.chunk',
    created: 0,
    model: 'fake',
    ...chunk,
  }))
  return [...whole.map((chunk) => JSON.stringify(chunk)), '[DONE]'].map((data) => `data: ${data}\n\n`).join('')
}
