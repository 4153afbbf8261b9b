import type { ContentBlock } from '@modelcontextprotocol/server'
import { IMAGE, text } from './content.ts'
import type { TestTool } from './content.ts'

const AUDIO = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA='

function plain(name: string, content: ContentBlock[]): TestTool {
  return { name, inputSchema: { type: 'object' }, call: () => ({ content }) }
}

const image: ContentBlock = { type: 'image', data: IMAGE, mimeType: 'image/png' }

function embedded(uri: string, mimeType: string, content: string): ContentBlock {
  return { type: 'resource', resource: { uri, mimeType, text: content } }
}

/** Tools that answer at once, or say something on the way. */
export const plainTools: TestTool[] = [
  plain('test_simple_text', [{ type: 'text', text: 'This is a simple text response for testing.' }]),
  plain('test_image_content', [image]),
  plain('test_audio_content', [{ type: 'audio', data: AUDIO, mimeType: 'audio/wav' }]),
  plain('test_embedded_resource', [embedded('test://embedded-resource', 'text/plain', 'An embedded resource.')]),
  plain('test_multiple_content_types', [
    { type: 'text', text: 'Multiple content types test:' },
    image,
    embedded('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
  ]),
  {
    name: 'test_tool_with_logging',
    inputSchema: { type: 'object' },
    call: async (_args, { server }) => {
      for (const step of ['started', 'processing', 'completed'])
        await server.mcpReq.notify({
          method: 'notifications/message',
          params: { level: 'info', data: `Tool execution ${step}` },
        })
      return text('Done.')
    },
  },
  {
    name: 'test_logging_tool',
    inputSchema: { type: 'object' },
    call: async (_args, { server }) => {
      await server.mcpReq.log('info', 'The logging tool ran.')
      return text('Done.')
    },
  },
  {
    name: 'test_tool_with_progress',
    inputSchema: { type: 'object' },
    call: async (_args, { server }) => {
      const progressToken = server.mcpReq._meta?.progressToken ?? 0
      for (const progress of [0, 50, 100])
        await server.mcpReq.notify({
          method: 'notifications/progress',
          params: { progressToken, progress, total: 100 },
        })
      return text(String(progressToken))
    },
  },
  {
    name: 'test_error_handling',
    inputSchema: { type: 'object' },
    call: () => {
      throw new Error('This tool intentionally returns an error for testing')
    },
  },
  {
    name: 'test_x_mcp_header',
    inputSchema: {
      type: 'object',
      properties: { region: { type: 'string', 'x-mcp-header': 'Region' } },
      required: ['region'],
    },
    call: (args) => text(JSON.stringify(args)),
  },
  {
    name: 'json_schema_2020_12_tool',
    inputSchema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      $defs: {
        address: {
          $anchor: 'addressDef',
          type: 'object',
          properties: { street: { type: 'string' }, city: { type: 'string' } },
        },
      },
      properties: {
        name: { type: 'string' },
        address: { $ref: '#/$defs/address' },
        contactMethod: { type: 'string', enum: ['phone', 'email'] },
        phone: { type: 'string' },
        email: { type: 'string' },
      },
      allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
      if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
      // oxlint-disable-next-line unicorn/no-thenable -- JSON Schema calls it so.
      then: { required: ['phone'] },
      else: { required: ['email'] },
      additionalProperties: false,
    },
    call: (args) => text(JSON.stringify(args)),
  },
]
