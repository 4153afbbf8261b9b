import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server'
import type { CallToolResult, GetPromptResult } from '@modelcontextprotocol/server'
import { promptDefaults, promptDefinitions } from '#protocol/tools/prompts.ts'
import type { PromptDefinition } from '#protocol/tools/prompts.ts'
import { resourceTemplates } from '#protocol/tools/resources.ts'
import type { AgentScope } from '#protocol/agents.ts'
import { listTools } from '#protocol/tools/tools.ts'
import type { CallContext, Offer } from '../mcp/offer.ts'
import type { ReadReach } from '../runner/runner-api.ts'
import { allTools } from './all-tools.ts'
import { completePath, listResources, readResource } from './resources.ts'
import { runTool } from './run-tool.ts'
import type { ToolRoom } from './run-tool.ts'

/**
 * What a REPL offers to agents, each within its scopes: whatever way a call came in, this is where it is let through.
 * `room` is asked at each call: a sandbox has none before it is somebody's.
 */
export function createReplOffer(room: () => ToolRoom): Offer {
  const roomFor = ({ caller }: CallContext): ToolRoom => {
    const { runner, ...rest } = room()
    return { ...rest, runner: { ...runner, files: runner.filesWithin(reachOf(caller.scopes)) } }
  }
  const byName = new Map(allTools.map((tool) => [tool.definition.name, tool]))
  return {
    listTools: ({ scopes }) => listTools(scopes),
    scopeOf: (name) => byName.get(name)?.definition.scope,
    callTool: (name, args, context) => {
      const tool = byName.get(name)
      if (tool === undefined) return undefined
      const { scope } = tool.definition
      return has(context, scope)
        ? runTool(tool, { args, ...context }, roomFor(context))
        : Promise.resolve(refused(name, scope))
    },
    listResources: async (context) => (has(context, 'repl:read') ? listResources(roomFor(context)) : []),
    listTemplates: () => [...resourceTemplates],
    readResource: (uri, context) => {
      if (has(context, 'repl:read')) return readResource(uri, context, roomFor(context))
      throw new ProtocolError(
        ProtocolErrorCode.InvalidParams,
        'To read needs the scope repl:read, which was not given.',
      )
    },
    listPrompts: () =>
      promptDefinitions.map((prompt) => ({
        name: prompt.name,
        title: prompt.title,
        description: prompt.description,
        arguments: prompt.arguments,
      })),
    getPrompt: (name, args) => {
      const prompt = promptDefinitions.find((each) => each.name === name)
      return prompt === undefined ? undefined : Promise.resolve(fill(prompt, args))
    },
    complete: (asked, context) => (has(context, 'repl:read') ? completePath(asked, roomFor(context)) : undefined),
  }
}

function has({ caller }: CallContext, scope: AgentScope): boolean {
  return caller.scopes.includes(scope)
}

/** Who may run commands could read anything with one; who may write reads what they write to. */
function reachOf(scopes: readonly AgentScope[]): ReadReach {
  if (scopes.includes('repl:exec')) return 'anywhere'
  return scopes.includes('repl:write') ? 'writable' : 'workspace'
}

function refused(tool: string, scope: AgentScope): CallToolResult {
  const text = `${tool} needs the scope ${scope}, which was not given.\nAsk the person you work for to let you do it.`
  return { isError: true, content: [{ type: 'text', text }] }
}

function fill(prompt: PromptDefinition, args: Record<string, string>): GetPromptResult {
  const missing = prompt.arguments.find(({ name, required }) => required && args[name] === undefined)
  if (missing !== undefined)
    throw new ProtocolError(
      ProtocolErrorCode.InvalidParams,
      `The prompt ${prompt.name} needs the argument ${missing.name}.`,
    )
  const text = prompt.text.replaceAll(/\{(\w+)\}/g, (_, name: string) => args[name] ?? promptDefaults[name] ?? '')
  return { description: prompt.description, messages: [{ role: 'user', content: { type: 'text', text } }] }
}
