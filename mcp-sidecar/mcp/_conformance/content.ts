import type { CallToolResult, InputRequiredResult } from '@modelcontextprotocol/server'
import type { CallContext } from '../offer.ts'

/** A tool that a conformance suite calls. */
export interface TestTool {
  name: string
  inputSchema: { type: 'object' } & Record<string, unknown>
  call: (
    args: unknown,
    context: CallContext,
  ) => CallToolResult | InputRequiredResult | Promise<CallToolResult | InputRequiredResult>
}

/** A PNG of one pixel. */
export const IMAGE = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=='

export function text(words: string): CallToolResult {
  return { content: [{ type: 'text', text: words }] }
}
