import * as z from 'zod'
import type { AgentScope } from '#protocol/agents.ts'
import { exec, processInput, processList, processOutput, processSignal, waitFor } from './commands.ts'
import type { ToolDefinition } from './definition.ts'
import { applyPatch, deletePath, editFile, listDir, movePath, readFile, writeFile } from './files.ts'
import { checkpoint, previewUrl, replInfo, stopRepl } from './repl.ts'
import { glob, grep } from './search.ts'

/** Every tool of a REPL, in the order in which clients are told them. */
export const toolDefinitions: ToolDefinition[] = [
  exec,
  processOutput,
  processInput,
  processSignal,
  processList,
  waitFor,
  readFile,
  writeFile,
  editFile,
  applyPatch,
  listDir,
  glob,
  grep,
  movePath,
  deletePath,
  previewUrl,
  replInfo,
  checkpoint,
  stopRepl,
]

/** How a server of a REPL introduces itself. */
export const SERVER_INFO = { name: 'devex', title: 'Devex', version: '1.0.0' } as const

/** What the server can do, in the words of MCP. */
export const SERVER_CAPABILITIES = {
  tools: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  prompts: { listChanged: false },
  completions: {},
} as const

/** What a model is told about the server as a whole: at most `MAX_INSTRUCTIONS_CHARS`. */
export const INSTRUCTIONS = `A Linux sandbox that you share with people: they see your files, commands and edits live, and may change files while you work.

- The project lies in /workspace; paths are relative to it. HOME is /home/dev. Both are saved; /tmp is not.
- exec waits 10 s unless told otherwise (yield_ms, at most 45 s, or 230 s where your client asks for progress). What runs longer goes on: use its process_id with process_output, process_input, process_signal or wait_for. Start servers with exec and leave them running.
- Read a file before you change it. Prefer edit_file or apply_patch to writing whole files. If a write says that the file was changed meanwhile, read it again.
- Servers are seen at the URL that preview_url gives, never at localhost. Let them listen on 0.0.0.0 or 127.0.0.1.
- Long results are cut in the middle and say how to get the rest.
- The files are kept in checkpoints; one is made before your first change. checkpoint lists and restores them.
- An error says what to do next.`

interface WireTool {
  name: string
  title: string
  description: string
  inputSchema: JsonObjectSchema
  outputSchema?: JsonObjectSchema
  annotations: {
    title: string
    readOnlyHint: boolean
    destructiveHint: boolean
    idempotentHint: boolean
    openWorldHint: boolean
  }
  _meta?: Record<string, unknown>
}

type JsonObjectSchema = { type: 'object' } & Record<string, unknown>

const wireTools = new Map<string, WireTool>()

/** The tools that somebody with `scopes` may see, as `tools/list` answers them. Who may not write sees no tool that writes. */
export function listTools(scopes: readonly AgentScope[]): WireTool[] {
  return toolDefinitions.filter(({ scope }) => scopes.includes(scope)).map(toWire)
}

/** The tool of this name. */
export function findTool(name: string): ToolDefinition | undefined {
  return toolDefinitions.find((tool) => tool.name === name)
}

function toWire(tool: ToolDefinition): WireTool {
  const known = wireTools.get(tool.name)
  if (known !== undefined) return known
  const { readOnly, destructive, idempotent, openWorld } = tool.hints
  const wire = {
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema: jsonSchema(tool.input, 'input'),
    ...(tool.output !== undefined && { outputSchema: jsonSchema(tool.output, 'output') }),
    annotations: {
      title: tool.title,
      readOnlyHint: readOnly,
      destructiveHint: destructive,
      idempotentHint: idempotent,
      openWorldHint: openWorld,
    },
    ...(tool.alwaysLoad && { _meta: { 'anthropic/alwaysLoad': true } }),
  }
  wireTools.set(tool.name, wire)
  return wire
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonObjectSchema {
  return { ...z.toJSONSchema(schema, { io }), type: 'object' }
}
