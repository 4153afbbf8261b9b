import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server'
import type { GetPromptResult } from '@modelcontextprotocol/server'
import { promptDefaults, promptDefinitions } from '#protocol/tools/prompts.ts'
import type { PromptDefinition } from '#protocol/tools/prompts.ts'
import { resourceTemplates } from '#protocol/tools/resources.ts'
import { listTools } from '#protocol/tools/tools.ts'
import type { Offer } from '../mcp/offer.ts'
import { allTools } from './all-tools.ts'
import { completePath, listResources, readResource } from './resources.ts'
import { runTool } from './run-tool.ts'
import type { ToolRoom } from './run-tool.ts'

/** What a REPL offers to agents. `room` is asked at each call: a sandbox has none before it is somebody's. */
export function createReplOffer(room: () => ToolRoom): Offer {
  const byName = new Map(allTools.map((tool) => [tool.definition.name, tool]))
  return {
    listTools: ({ scopes }) => listTools(scopes),
    scopeOf: (name) => byName.get(name)?.definition.scope,
    callTool: (name, args, context) => {
      const tool = byName.get(name)
      return tool === undefined ? undefined : runTool(tool, { args, ...context }, room())
    },
    listResources: () => listResources(room()),
    listTemplates: () => [...resourceTemplates],
    readResource: (uri, context) => readResource(uri, context, room()),
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
    complete: (asked) => completePath(asked, room()),
  }
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
