import {
  CLIENT_CAPABILITIES_META_KEY,
  acceptedContent,
  createRequestStateCodec,
  inputRequired,
  inputResponse,
} from '@modelcontextprotocol/server'
import type { ElicitRequestFormParams, InputRequest, InputRequests, ServerContext } from '@modelcontextprotocol/server'
import { randomBytes } from 'node:crypto'
import * as z from 'zod'
import type { CallContext } from '../offer.ts'
import { text } from './content.ts'
import type { TestTool } from './content.ts'

/** What a tool that asks several times remembers between the rounds, signed. */
export const stateCodec = createRequestStateCodec<{ round: number }>({ key: randomBytes(32), ttlSeconds: 600 })

type Properties = ElicitRequestFormParams['requestedSchema']['properties']

function ask(message: string, properties: Properties, required: string[] = Object.keys(properties)): InputRequest {
  return inputRequired.elicit({ message, requestedSchema: { type: 'object', properties, required } })
}

function sample(words: string): InputRequest {
  return inputRequired.createMessage({
    messages: [{ role: 'user', content: { type: 'text', text: words } }],
    maxTokens: 100,
  })
}

interface Asking {
  requests: InputRequests | ((server: ServerContext, args: unknown) => InputRequests)
  /** Whether what the client answered will do; the words that end the call. */
  done: (server: ServerContext) => string | undefined
  hasState?: boolean
}

function asking(name: string, { requests, done, hasState = false }: Asking): TestTool {
  return {
    name,
    inputSchema: { type: 'object' },
    call: async (args, { server }) => {
      const words = done(server)
      if (words !== undefined) return text(words)
      return inputRequired({
        inputRequests: typeof requests === 'function' ? requests(server, args) : requests,
        ...(hasState && { requestState: await stateCodec.mint({ round: 1 }, server) }),
      })
    },
  }
}

/** What was answered under a key, as text. */
function answered(server: ServerContext, key: string): string | undefined {
  const { inputResponses } = server.mcpReq
  const view = inputResponse(inputResponses, key)
  return view.kind === 'missing' ? undefined : JSON.stringify(inputResponses?.[key])
}

function accepted(server: ServerContext, key: string, field: string): string | undefined {
  const value = acceptedContent(server.mcpReq.inputResponses, key)?.[field]
  return value === undefined ? undefined : JSON.stringify(value)
}

const nameField: Properties = { name: { type: 'string', description: 'Your name' } }
const envelopeSchema = z.object({
  [CLIENT_CAPABILITIES_META_KEY]: z.object({ elicitation: z.unknown().optional(), sampling: z.unknown().optional() }),
})
const argsSchema = z.object({ prompt: z.string().default(''), message: z.string().default('') })

/** The older suites look for what was answered in these words. */
function formTool(name: string, properties: Properties): TestTool {
  return asking(name, {
    requests: { form: ask('Please fill this in', properties, []) },
    done: (server) => {
      const answer = answered(server, 'form')
      return answer === undefined ? undefined : `Elicitation completed: ${answer}`
    },
  })
}

const twoRounds: TestTool = {
  name: 'test_input_required_result_multi_round',
  inputSchema: { type: 'object' },
  call: async (_args, { server }) => {
    const round = server.mcpReq.requestState<{ round: number }>()?.round ?? 0
    if (round >= 2) return text('Both rounds are done.')
    const step = `step${round + 1}`
    const properties: Properties = round === 0 ? nameField : { color: { type: 'string' } }
    return inputRequired({
      inputRequests: { [step]: ask(`Step ${round + 1}`, properties) },
      requestState: await stateCodec.mint({ round: round + 1 }, server),
    })
  },
}

const confirmation: Asking = {
  requests: { confirm: ask('Proceed?', { ok: { type: 'boolean' } }) },
  done: (server) => (accepted(server, 'confirm', 'ok') === undefined ? undefined : 'state-ok'),
  hasState: true,
}

/** Tools that want something of the client first. */
export const askingTools: TestTool[] = [
  asking('test_sampling', {
    requests: (_server, args) => ({ sampled: sample(argsSchema.parse(args).prompt) }),
    done: (server) => {
      const answer = answered(server, 'sampled')
      return answer === undefined ? undefined : `LLM response: ${answer}`
    },
  }),
  asking('test_elicitation', {
    requests: (_server, args) => ({ form: ask(argsSchema.parse(args).message, { response: { type: 'string' } }) }),
    done: (server) => {
      const answer = answered(server, 'form')
      return answer === undefined ? undefined : `User response: ${answer}`
    },
  }),
  formTool('test_elicitation_sep1034_defaults', {
    name: { type: 'string', default: 'John Doe' },
    age: { type: 'integer', default: 30 },
    score: { type: 'number', default: 95.5 },
    status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
    verified: { type: 'boolean', default: true },
  }),
  formTool('test_elicitation_sep1330_enums', {
    untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
    titledSingle: { type: 'string', oneOf: titled('value', 'Option') },
    legacyEnum: {
      type: 'string',
      enum: ['opt1', 'opt2', 'opt3'],
      enumNames: ['Option One', 'Option Two', 'Option Three'],
    },
    untitledMulti: { type: 'array', items: { type: 'string', enum: ['option1', 'option2', 'option3'] } },
    titledMulti: { type: 'array', items: { anyOf: titled('value', 'Choice') } },
  }),
  asking('test_input_required_result_elicitation', {
    requests: { user_name: ask('What is your name?', nameField) },
    done: (server) => {
      const name = acceptedContent(server.mcpReq.inputResponses, 'user_name')?.['name']
      return typeof name === 'string' ? `Hello, ${name}!` : undefined
    },
  }),
  asking('test_input_required_result_sampling', {
    requests: { capital: sample('What is the capital of France?') },
    done: (server) => answered(server, 'capital'),
  }),
  asking('test_input_required_result_list_roots', {
    requests: { client_roots: inputRequired.listRoots() },
    done: (server) => answered(server, 'client_roots'),
  }),
  asking('test_input_required_result_request_state', confirmation),
  asking('test_input_required_result_tampered_state', confirmation),
  asking('test_input_required_result_multiple_inputs', {
    requests: {
      user_name: ask('What is your name?', nameField),
      greeting: sample('Say hello.'),
      client_roots: inputRequired.listRoots(),
    },
    done: (server) => accepted(server, 'user_name', 'name') ?? answered(server, 'greeting'),
    hasState: true,
  }),
  twoRounds,
  asking('test_input_required_result_capabilities', {
    requests: (server) => {
      const declared = envelopeSchema.parse(server.mcpReq.envelope)[CLIENT_CAPABILITIES_META_KEY]
      return {
        ...(declared?.elicitation !== undefined && { user_name: ask('What is your name?', nameField) }),
        ...(declared?.sampling !== undefined && { greeting: sample('Say hello.') }),
      }
    },
    done: (server) => answered(server, 'greeting') ?? answered(server, 'user_name'),
    hasState: true,
  }),
  asking('test_missing_capability', {
    requests: { sampled: sample('Ping.') },
    done: (server) => answered(server, 'sampled'),
  }),
  asking('test_streaming_elicitation', {
    requests: { answer: ask('Answer?', { answer: { type: 'string' } }) },
    done: (server) => answered(server, 'answer'),
  }),
]

/** A prompt that asks before it is given. */
export function contextPrompt({ server }: CallContext) {
  const context = acceptedContent(server.mcpReq.inputResponses, 'user_context')?.['context']
  if (typeof context !== 'string')
    return inputRequired({ inputRequests: { user_context: ask('Which context?', { context: { type: 'string' } }) } })
  const content = { type: 'text' as const, text: `Prompt with context: ${context}` }
  return { messages: [{ role: 'user' as const, content }] }
}

function titled(value: string, title: string): { const: string; title: string }[] {
  return ['First', 'Second', 'Third'].map((order, at) => ({ const: `${value}${at + 1}`, title: `${order} ${title}` }))
}
