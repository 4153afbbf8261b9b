import * as z from 'zod'
import type { AgentClaims } from '#protocol/claims.ts'
import type { ToolDefinition } from '#protocol/tools/definition.ts'
import type { RunnerApi } from '../runner/runner-api.ts'
import { SidecarError } from '../sidecar-error.ts'
import type { Cursors } from './cursors.ts'
import type { ReplControl } from './repl-control.ts'
import type { Turns } from './turns.ts'

/** What is told about a call beside its result: to people who look on. */
export interface CallNote {
  /** Of the files that it changed, unified. */
  diff?: string
  /** Where its command runs. */
  terminal?: string
}

/** What the person at the client said to this call's `Question`, or whether there is one to put it to. */
export type PersonsWord = 'agreed' | 'refused' | 'can be asked' | 'cannot be asked'

/** Put to the person instead of an answer; with their word the call comes again. */
export class Question {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** What every tool works with. */
export interface ToolContext {
  caller: AgentClaims
  runner: RunnerApi
  control: ReplControl
  cursors: Cursors
  /** In which files are edited. */
  turns: Turns
  /** The caller hung up. */
  signal: AbortSignal
  /** Says that it is alive and what it is about. */
  progress: (message: string) => void
  /** Whether anybody hears of progress: then a call may take longer. */
  isHeard: boolean
  person: PersonsWord
  note: (about: CallNote) => void
}

export interface TextAnswer {
  text: string
  image?: { data: string; mimeType: string }
  /** For programs. */
  meta?: Record<string, unknown>
}

/** What a call answers, as data: an answer in words, a record, or what a person is asked first. */
export type ToolAnswer =
  | { kind: 'text'; answer: TextAnswer }
  | { kind: 'record'; record: Record<string, unknown> }
  | { kind: 'question'; question: string }

export interface Tool {
  definition: ToolDefinition
  /** Refuses with a `SidecarError` whose advice says the next step. */
  call(args: unknown, context: ToolContext): Promise<ToolAnswer>
}

/** What a tool does whose result is text. */
export function textTool<I extends z.ZodType>(
  definition: ToolDefinition<I, undefined>,
  run: (args: z.output<I>, context: ToolContext) => Promise<TextAnswer>,
): Tool {
  return {
    definition,
    call: async (args, context) => ({ kind: 'text', answer: await run(parse(definition, args), context) }),
  }
}

/** What a tool does whose result is a record. */
export function recordTool<I extends z.ZodType, O extends z.ZodType<Record<string, unknown>>>(
  definition: ToolDefinition<I, O>,
  run: (args: z.output<I>, context: ToolContext) => Promise<z.output<O> | Question>,
): Tool {
  return {
    definition,
    call: async (args, context) => {
      const answer = await run(parse(definition, args), context)
      return answer instanceof Question
        ? { kind: 'question', question: answer.text }
        : { kind: 'record', record: answer }
    },
  }
}

function parse<I extends z.ZodType>({ name, input }: ToolDefinition<I>, args: unknown): z.output<I> {
  const parsed = input.safeParse(args)
  if (parsed.success) return parsed.data
  const takes = input instanceof z.ZodObject ? ` It takes: ${Object.keys(input.shape).join(', ')}.` : ''
  throw new SidecarError('bad_request', `The arguments of ${name} are wrong.\n${z.prettifyError(parsed.error)}`, {
    advice: `Call it again with these arguments put right.${takes}`,
  })
}
