import { z } from 'zod'

/** One tool call that a prompt asks for. */
const stepSchema = z.object({
  /** What the MCP server is called in the agent's settings. */
  server: z.string(),
  tool: z.string(),
  args: z.record(z.string(), z.unknown()).default({}),
})
export type Step = z.input<typeof stepSchema>

/** A conversation as a model endpoint is given it, in whichever vendor's words. */
export interface Conversation {
  /** Everything that people said. */
  said: string
  /** Names of the tools on offer, as the client calls them. */
  tools: readonly string[]
  /** Results of calls that this model asked for, oldest first. */
  results: readonly string[]
  /** Whether a hidden tool was looked up last. */
  hasLookedUp: boolean
}

/** What the scripted model does next. */
export type Move =
  | { kind: 'call'; name: string; args: Record<string, unknown>; step: number }
  /** The tool is there, but hidden until it is asked for. */
  | { kind: 'look-up'; tool: string }
  | { kind: 'say'; text: string }

/** A prompt that makes the scripted model call these tools, one after the other, and then say `FINAL: done`. */
export function promptFor(steps: readonly Step[]): string {
  // Encoded: some agents quote what they are given.
  return steps.map((step, n) => `CALL:${Buffer.from(JSON.stringify({ n, ...step })).toString('base64url')}`).join('\n')
}

/** Deterministic: the next call of the prompt that has no result yet, or the end. */
export function nextMove({ said, tools, results, hasLookedUp }: Conversation): Move {
  const steps = stepsIn(said)
  const step = steps[results.length]
  if (tools.length === 0 || steps.length === 0) return { kind: 'say', text: 'A test of tools' }
  if (step === undefined) return { kind: 'say', text: 'FINAL: done' }
  const name = tools.find((offered) => offered.includes('devex') && offered.endsWith(`_${step.tool}`))
  if (name !== undefined) return { kind: 'call', name, args: filledIn(step.args, results), step: results.length }
  if (tools.includes('ToolSearch') && !hasLookedUp)
    return { kind: 'look-up', tool: `mcp__${step.server}__${step.tool}` }
  return { kind: 'say', text: `MISSING: ${step.tool} is not among ${tools.join(', ')}` }
}

/** Tools make things up: `{process_id}` and `{cursor}` in an argument stand for the last that came back. */
function filledIn(args: Record<string, unknown>, results: readonly string[]): Record<string, unknown> {
  const said = results.join('\n')
  const made = new Map<unknown, unknown>([
    ['{process_id}', [...said.matchAll(/\bp_[\w-]{8,}/g)].at(-1)?.[0]],
    ['{cursor}', Number([...said.matchAll(/\bcursor (\d+)/g)].at(-1)?.[1])],
  ])
  const filled = Object.entries(args).map(([name, value]) => [name, made.get(value) ?? value])
  return Object.fromEntries(filled)
}

function stepsIn(said: string): z.output<typeof stepSchema>[] {
  const encoded = [...said.matchAll(/CALL:([\w-]+)/g)].map(([, text = '']) => Buffer.from(text, 'base64url').toString())
  return [...new Set(encoded)].map((json) => stepSchema.parse(JSON.parse(json)))
}
