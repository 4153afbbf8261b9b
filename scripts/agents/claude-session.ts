import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import type { AgentHome } from './agent-home.ts'
import { promptFor } from './script.ts'
import type { Step } from './script.ts'

/** How long Claude Code may take for a turn, or to answer a question about itself. */
const ANSWER_LIMIT_MS = 60_000

const messageSchema = z.object({
  type: z.string(),
  session_id: z.string().optional(),
  response: z.object({ response: z.object({ authUrl: z.string().optional() }).optional() }).optional(),
})
type Message = z.output<typeof messageSchema>

/** One session of Claude Code, as programs hold it that have Claude Code in them: lines of JSON both ways. */
export interface ClaudeSession extends AsyncDisposable {
  /** Makes it call a tool, as its scripted model asks for it; the session's id. */
  ask(step: Step): Promise<string | undefined>
  /** What a person does with `/mcp` where there is a keyboard: the address to sign in at. */
  authenticate(server: string): Promise<string>
}

/** Starts it; it may call the tools of this server unasked. */
export function startClaudeSession(home: AgentHome, server: string): ClaudeSession {
  const format = '--input-format stream-json --output-format stream-json --verbose'
  const child = home.open(`claude -p ${format} --allowedTools 'mcp__${server}'`)
  const lines = createInterface({ input: child.stdout })
  const answer = async (type: string, question: unknown): Promise<Message> => {
    const over = AbortSignal.timeout(ANSWER_LIMIT_MS)
    const found = Promise.withResolvers<Message>()
    const hear = (line: string) => {
      const message = messageSchema.parse(JSON.parse(line))
      if (message.type === type) found.resolve(message)
    }
    lines.on('line', hear)
    over.addEventListener('abort', () => found.reject(over.reason), { once: true })
    child.stdin.write(`${JSON.stringify(question)}\n`)
    return found.promise.finally(() => lines.off('line', hear))
  }
  return {
    async ask(step) {
      const message = { role: 'user', content: promptFor([step]) }
      return (await answer('result', { type: 'user', message })).session_id
    },
    async authenticate(serverName) {
      const request = { subtype: 'mcp_authenticate', serverName }
      const { response } = await answer('control_response', { type: 'control_request', request_id: 'r1', request })
      return response?.response?.authUrl ?? ''
    },
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
}
