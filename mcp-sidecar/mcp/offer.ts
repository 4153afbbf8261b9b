import type {
  CallToolResult,
  CompleteResult,
  GetPromptResult,
  InputRequiredResult,
  Prompt,
  ReadResourceResult,
  Resource,
  ServerContext,
  Tool,
} from '@modelcontextprotocol/server'
import type { AgentClaims } from '#protocol/claims.ts'

/** What a call comes with: who calls, and the means to answer before the end. */
export interface CallContext {
  caller: AgentClaims
  server: ServerContext
  /** Whether the client can put a question to a person (elicitation by a form). */
  canAsk: boolean
}

export interface Completion {
  ref: { type: 'ref/prompt'; name: string } | { type: 'ref/resource'; uri: string }
  argument: { name: string; value: string }
}

/**
 * What a server has to offer. Each answer is `undefined` where it does not know what was asked for, so that offers can
 * stand behind one another.
 */
export interface Offer {
  listTools(caller: AgentClaims): Tool[]
  /** The scope that a call of this tool needs beyond what everybody has. */
  scopeOf(tool: string): AgentClaims['scopes'][number] | undefined
  callTool(name: string, args: unknown, context: CallContext): Promise<CallToolResult | InputRequiredResult> | undefined
  listResources(context: CallContext): Promise<Resource[]>
  listTemplates(): { uriTemplate: string; name: string; title?: string; description?: string; mimeType?: string }[]
  readResource(uri: string, context: CallContext): Promise<ReadResourceResult> | undefined
  listPrompts(): Prompt[]
  getPrompt(
    name: string,
    args: Record<string, string>,
    context: CallContext,
  ): Promise<GetPromptResult | InputRequiredResult> | undefined
  complete(asked: Completion, context: CallContext): Promise<CompleteResult> | undefined
}

/** What the first offer that knows an answer answers. */
export function firstOf<T>(offers: readonly Offer[], ask: (offer: Offer) => T | undefined): T | undefined {
  for (const offer of offers) {
    const answer = ask(offer)
    if (answer !== undefined) return answer
  }
  return undefined
}
