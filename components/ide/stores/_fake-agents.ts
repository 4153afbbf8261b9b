import type { AgentCall, AgentConnection } from '#protocol/agents.ts'
import type { AgentsApi, TokenDraft } from './agents.ts'

/** A call of an agent that still runs, as a page is told of it. */
export function runningCall(id: string, over: Partial<AgentCall> = {}): AgentCall {
  const { endedAt: _, ok: __, ...call } = agentCall(id, over)
  return call
}

/** One that has ended. */
export function agentCall(id: string, over: Partial<AgentCall> = {}): AgentCall {
  return {
    id,
    connection: 'c1',
    actor: 'Ada',
    client: 'Claude Code',
    tool: 'exec',
    args: '{"command":"npm test"}',
    startedAt: Number(id) * 1000,
    endedAt: Number(id) * 1000 + 500,
    ok: true,
    summary: '',
    run: 'r1',
    ...over,
  }
}

/** Agents in memory, whose every call a test can make fail. */
export class FakeAgents implements AgentsApi {
  all: AgentConnection[] = []
  pages: AgentCall[][] = [[]]
  failure: Error | undefined
  listeners: Parameters<AgentsApi['watch']>[0] | undefined

  async connections() {
    this.#maybeFail()
    return this.all
  }

  async cut(id: string) {
    this.#maybeFail()
    this.all = this.all.filter((connection) => connection.id !== id)
  }

  async calls(before?: string) {
    this.#maybeFail()
    const at = before === undefined ? 0 : this.pages.findIndex((page) => page.at(-1)?.id === before) + 1
    return { calls: this.pages[at] ?? [], hasMore: at + 1 < this.pages.length }
  }

  watch(listeners: Parameters<AgentsApi['watch']>[0]) {
    this.listeners = listeners
    return () => {
      this.listeners = undefined
    }
  }

  async undoRun() {
    this.#maybeFail()
    return { undo: 'undo' }
  }

  async createToken({ name }: TokenDraft) {
    this.#maybeFail()
    return { token: `pat_${name}` }
  }

  errorOf(error: unknown) {
    return { code: 'unavailable' as const, message: error instanceof Error ? error.message : String(error) }
  }

  #maybeFail(): void {
    if (this.failure !== undefined) throw this.failure
  }
}
