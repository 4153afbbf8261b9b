import { ResourceNotFoundError } from '@modelcontextprotocol/server'
import type { InMemoryServerEventBus, Resource } from '@modelcontextprotocol/server'
import type { Offer } from '../offer.ts'
import { askingTools, contextPrompt } from './asking.ts'
import { IMAGE, text } from './content.ts'
import type { TestTool } from './content.ts'
import { plainTools } from './plain-tools.ts'

/**
 * What the conformance suites expect of a server beside the protocol itself: tools, prompts and resources by name. In
 * tests only; the endpoint, its sessions and tokens are those of the product.
 */
export function createConformancePack(bus: InMemoryServerEventBus): Offer {
  const tools: TestTool[] = [
    ...plainTools,
    ...askingTools,
    changeTool('test_trigger_tool_change', () => bus.publish({ kind: 'tools_list_changed' })),
    changeTool('test_trigger_prompt_change', () => bus.publish({ kind: 'prompts_list_changed' })),
  ]
  return {
    listTools: () => tools.map(({ name, inputSchema }) => ({ name, description: name, inputSchema })),
    scopeOf: () => undefined,
    callTool: (name, args, context) => {
      const tool = tools.find((each) => each.name === name)
      if (tool === undefined) return undefined
      return Promise.resolve()
        .then(() => tool.call(args, context))
        .catch((error: unknown) => ({ ...text(error instanceof Error ? error.message : String(error)), isError: true }))
    },
    listResources: async () => resources,
    listTemplates: () => [{ uriTemplate: 'test://template/{id}/data', name: 'template', mimeType: 'application/json' }],
    readResource: (uri) => {
      if (!uri.startsWith('test://')) return undefined
      const content = readTest(uri)
      if (content === undefined) throw new ResourceNotFoundError(uri)
      return Promise.resolve({ contents: [{ uri, ...content }] })
    },
    listPrompts: () => prompts.map((prompt) => ({ ...prompt, description: prompt.name })),
    getPrompt: (name, args, context) => {
      if (name === 'test_input_required_result_prompt') return Promise.resolve(contextPrompt(context))
      const messages = messagesOf(name, args)
      return messages === undefined ? undefined : Promise.resolve({ messages })
    },
    complete: ({ ref }) =>
      ref.type === 'ref/prompt' && ref.name.startsWith('test_')
        ? Promise.resolve({ completion: { values: ['testing'], total: 1, hasMore: false } })
        : undefined,
  }
}

function changeTool(name: string, change: () => void): TestTool {
  return {
    name,
    inputSchema: { type: 'object' },
    call: () => {
      change()
      return text('Changed.')
    },
  }
}

const resources: Resource[] = [
  { uri: 'test://static-text', name: 'static-text', mimeType: 'text/plain' },
  { uri: 'test://static-binary', name: 'static-binary', mimeType: 'image/png' },
  { uri: 'test://watched-resource', name: 'watched-resource', mimeType: 'text/plain' },
]

function readTest(uri: string) {
  if (uri === 'test://static-text') return { mimeType: 'text/plain', text: 'The content of the static text resource.' }
  if (uri === 'test://static-binary') return { mimeType: 'image/png', blob: IMAGE }
  if (uri === 'test://watched-resource') return { mimeType: 'text/plain', text: 'Watched.' }
  const [, id] = /^test:\/\/template\/([^/]+)\/data$/.exec(uri) ?? []
  if (id === undefined) return undefined
  return { mimeType: 'application/json', text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }) }
}

const prompts = [
  { name: 'test_simple_prompt' },
  {
    name: 'test_prompt_with_arguments',
    arguments: [
      { name: 'arg1', required: true },
      { name: 'arg2', required: true },
    ],
  },
  { name: 'test_prompt_with_embedded_resource', arguments: [{ name: 'resourceUri', required: true }] },
  { name: 'test_prompt_with_image' },
  { name: 'test_input_required_result_prompt' },
]

function messagesOf(name: string, args: Record<string, string>) {
  const said = (words: string) => ({ role: 'user' as const, content: { type: 'text' as const, text: words } })
  switch (name) {
    case 'test_simple_prompt':
      return [said('This is a simple prompt for testing.')]
    case 'test_prompt_with_arguments':
      return [said(`Prompt with arguments: arg1='${args['arg1'] ?? ''}', arg2='${args['arg2'] ?? ''}'`)]
    case 'test_prompt_with_embedded_resource': {
      const resource = { uri: args['resourceUri'] ?? '', mimeType: 'text/plain', text: 'Embedded.' }
      return [{ role: 'user' as const, content: { type: 'resource' as const, resource } }, said('Process it.')]
    }
    case 'test_prompt_with_image':
      return [
        { role: 'user' as const, content: { type: 'image' as const, data: IMAGE, mimeType: 'image/png' } },
        said('Look at it.'),
      ]
    default:
      return undefined
  }
}
