import { promptFor } from './script.ts'
import type { Step } from './script.ts'
import type { AgentHome, Outcome } from './agent-home.ts'

export const AGENTS = ['claude', 'codex', 'gemini', 'opencode'] as const
/** As `clients.ts` of the IDE calls them. */
export type AgentId = (typeof AGENTS)[number]

interface Question {
  steps: readonly Omit<Step, 'server'>[]
  /** What the MCP server is called in the agent's settings. */
  server: string
  signal?: AbortSignal
  limitMs?: number
}

/** Makes an agent call tools, as its scripted model asks for them. */
export function ask(home: AgentHome, agent: AgentId, { steps, server, ...options }: Question): Promise<Outcome> {
  return home.sh(`${LINES[agent](server)} '${promptFor(steps.map((step) => ({ ...step, server })))}'`, options)
}

/** Each without a person at hand: nothing asks for permission. */
const LINES: Record<AgentId, (server: string) => string> = {
  claude: (server) => `claude --output-format stream-json --verbose --allowedTools 'mcp__${server}' -p`,
  codex: () => 'codex exec --json --skip-git-repo-check --dangerously-bypass-approvals-and-sandbox',
  gemini: () => 'gemini -m gemini-2.5-flash --yolo --output-format json -p',
  opencode: () => 'opencode run --format json',
}
