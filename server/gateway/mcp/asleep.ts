import { Server, createMcpHandler } from '@modelcontextprotocol/server'
import { agentScopeSchema } from '#protocol/agents.ts'
import type { AgentScope } from '#protocol/agents.ts'
import { promptDefinitions } from '#protocol/tools/prompts.ts'
import { resourceTemplates, staticResources } from '#protocol/tools/resources.ts'
import { INSTRUCTIONS, SERVER_CAPABILITIES, SERVER_INFO, listTools } from '#protocol/tools/tools.ts'
import { MCP_LIMITS } from '#server/gateway/mcp/limits.ts'

/** What every client asks when it starts: no reason to wake a REPL. */
const ANSWERED_ASLEEP = new Set([
  'server/discover',
  'initialize',
  'ping',
  'logging/setLevel',
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'notifications/initialized',
  'notifications/cancelled',
  'notifications/roots/list_changed',
  'response',
])

/** Whether this can be answered without the REPL's sandbox. */
export function isAnsweredAsleep(method: string): boolean {
  return ANSWERED_ASLEEP.has(method)
}

/** Answers for a REPL that sleeps, from the same definitions as its sidecar. Without sessions: the next request may find it awake. */
export interface Sleeper {
  answer(request: Request, parsedBody: unknown, scopes: readonly AgentScope[]): Promise<Response>
  /** What is wrong with a request itself, its headers or its form: no reason to wake a REPL either. */
  refusal(request: Request, parsedBody: unknown): Promise<Response | undefined>
}

export function createSleeper(onError: (error: Error) => void): Sleeper {
  const handler = createMcpHandler(
    ({ era, authInfo }) => createSleepingServer(era, agentScopeSchema.array().parse(authInfo?.scopes ?? [])),
    { onerror: onError, maxRequestBodySize: MCP_LIMITS.maxBodyBytes },
  )
  const answer: Sleeper['answer'] = (request, parsedBody, scopes) =>
    handler.fetch(request, { parsedBody, authInfo: { token: '', clientId: '', scopes: [...scopes] } })
  return {
    answer,
    refusal: async (request, parsedBody) => {
      // It knows none of the methods that need a sandbox; what it says of a good request counts for nothing.
      const said = await answer(request, parsedBody, [])
      if (said.status === 400) return said
      await said.body?.cancel()
      return undefined
    },
  }
}

function createSleepingServer(era: 'legacy' | 'modern', scopes: AgentScope[]): Server {
  const server = new Server(SERVER_INFO, {
    instructions: INSTRUCTIONS,
    capabilities: { ...SERVER_CAPABILITIES, ...(era === 'legacy' && { logging: {} }) },
  })
  server.setRequestHandler('tools/list', () => ({ tools: listTools(scopes) }))
  server.setRequestHandler('prompts/list', () => ({
    prompts: promptDefinitions.map(({ name, title, description, arguments: args }) => ({
      name,
      title,
      description,
      arguments: args,
    })),
  }))
  server.setRequestHandler('resources/list', () => ({ resources: staticResources }))
  server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates: [...resourceTemplates] }))
  return server
}
