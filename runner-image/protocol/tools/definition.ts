import type { z } from 'zod'
import type { AgentScope } from '#protocol/agents.ts'

/** Hints for a client's permission prompts (MCP `ToolAnnotations`): all four are always said. */
interface Hints {
  readOnly: boolean
  destructive: boolean
  idempotent: boolean
  /** Whether it reaches beyond this REPL. */
  openWorld: boolean
}

/** A tool as data: what a client is told, and what a call must look like. What it does lies in the sidecar. */
export interface ToolDefinition<
  I extends z.ZodType = z.ZodType,
  O extends z.ZodType | undefined = z.ZodType | undefined,
> {
  name: string
  title: string
  description: string
  input: I
  /** Absent where the result is text: some models are shown only the structured half, others only the text. */
  output: O
  hints: Hints
  scope: AgentScope
  /** Offered to the model at once by clients that search for tools. */
  alwaysLoad: boolean
}

interface ToolSpec<I extends z.ZodType> {
  name: string
  title: string
  description: string
  input: I
  /** `RDIO`, an upper-case letter for a hint that holds: read-only, destructive, idempotent, open world. */
  hints: string
  scope: AgentScope
  alwaysLoad?: boolean
}

/** A tool whose result is text. */
export function textTool<I extends z.ZodType>(spec: ToolSpec<I>): ToolDefinition<I, undefined> {
  return { ...spec, hints: hintsOf(spec.hints), alwaysLoad: spec.alwaysLoad ?? false, output: undefined }
}

/** A tool whose result is a record: structured, and the same as JSON text. */
export function recordTool<I extends z.ZodType, O extends z.ZodType>(
  spec: ToolSpec<I> & { output: O },
): ToolDefinition<I, O> {
  return { ...spec, hints: hintsOf(spec.hints), alwaysLoad: spec.alwaysLoad ?? false }
}

function hintsOf(letters: string): Hints {
  return {
    readOnly: letters.includes('R'),
    destructive: letters.includes('D'),
    idempotent: letters.includes('I'),
    openWorld: letters.includes('O'),
  }
}
