import type { AgentCall, AgentCallsPage, AgentConnection, AgentScope } from '#protocol/agents.ts'
import type { ErrorCode, WireError } from '#protocol/errors.ts'
import { reconnectDelayMs } from './backoff.ts'
import { MAX_AGENT_CALLS } from './limits.ts'
import { Store } from './store.ts'

/** What says that one may not look, or that there is nothing to look at. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set(['unauthenticated', 'forbidden', 'not_found', 'gone'])

/** A token that somebody asks for. */
export interface TokenDraft {
  name: string
  scopes: AgentScope[]
  expiresAt: number
}

/** What this page asks of the API about a REPL's agents. */
export interface AgentsApi {
  connections(): Promise<AgentConnection[]>
  cut(connectionId: string): Promise<void>
  /** Newest first. */
  calls(before?: string): Promise<AgentCallsPage>
  watch(listeners: {
    called: (calls: AgentCall[]) => void
    connected: () => void
    ended: (error: WireError) => void
  }): () => void
  undoRun(run: string): Promise<{ undo: string }>
  /** A token for programs and machines where nobody can sign in. Its text is told this once. */
  createToken(draft: TokenDraft): Promise<{ token: string }>
  errorOf(error: unknown): WireError
}

interface ReadyAgents {
  kind: 'ready'
  connections: readonly AgentConnection[]
  /** Newest first. */
  calls: readonly AgentCall[]
  hasMore: boolean
}
export type AgentsState = { kind: 'loading' } | { kind: 'failed'; error: WireError } | ReadyAgents

/** The agents that work in the REPL, and what they do. */
export class Agents {
  readonly state = new Store<AgentsState>({ kind: 'loading' })
  /** Calls whose details are open. */
  readonly open = new Store<ReadonlySet<string>>(new Set())
  /** Id of what something is done with: a connection, a run, or `older`. */
  readonly busy = new Store<string | undefined>(undefined)
  readonly #api: AgentsApi
  #unwatch: (() => void) | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  /** Of watches, one after the other. */
  #failures = 0
  #watchers = 0

  constructor(api: AgentsApi) {
    this.#api = api
  }

  /** Loads, and follows what happens until the function it returns is called. */
  watch(): () => void {
    this.#watchers++
    if (this.#watchers === 1) this.#follow()
    return () => {
      this.#watchers--
      if (this.#watchers > 0) return
      clearTimeout(this.#timer)
      this.#unwatch?.()
    }
  }

  /** Asks for everything anew; what is shown stays until the answer is there. */
  async refresh(): Promise<void> {
    try {
      const [connections, { calls, hasMore }] = await Promise.all([this.#api.connections(), this.#api.calls()])
      const known = this.#ready()
      const merged = known === undefined ? calls : merge(known.calls, calls)
      this.state.set({ kind: 'ready', connections, calls: merged, hasMore: known?.hasMore ?? hasMore })
    } catch (error) {
      if (this.#ready() === undefined) this.state.set({ kind: 'failed', error: this.#api.errorOf(error) })
    }
  }

  /** Calls from before those that are shown. */
  older(): Promise<void> {
    return this.#work('older', async () => {
      const last = this.#ready()?.calls.at(-1)
      const { calls, hasMore } = await this.#api.calls(last?.id)
      this.#patch((ready) => ({ calls: merge(ready.calls, calls), hasMore }))
    })
  }

  /** Ends what an agent was allowed; its open calls end too. */
  cut(connectionId: string): Promise<void> {
    return this.#work(connectionId, async () => {
      await this.#api.cut(connectionId)
      this.#patch(({ connections }) => ({ connections: connections.filter(({ id }) => id !== connectionId) }))
    })
  }

  /** Brings back the files as they were before a run. What was there is the snapshot `undo`. */
  undoRun(run: string): Promise<{ undo: string }> {
    return this.#work(run, () => this.#api.undoRun(run))
  }

  /** A new token: its text, told this once. */
  createToken(draft: TokenDraft): Promise<string> {
    return this.#work('token', async () => {
      const { token } = await this.#api.createToken(draft)
      await this.refresh()
      return token
    })
  }

  /** Opens a call's details, or closes them. */
  toggle(id: string): void {
    this.open.update((open) => {
      const next = new Set(open)
      if (!next.delete(id)) next.add(id)
      return next
    })
  }

  /** What a failure of any of these says. */
  errorOf(error: unknown): WireError {
    return this.#api.errorOf(error)
  }

  #follow(): void {
    void this.refresh()
    this.#unwatch = this.#api.watch({
      called: (calls) => {
        this.#failures = 0
        this.#patch((ready) => bounded(merge(ready.calls, calls), ready.hasMore))
      },
      connected: () => {
        this.#failures = 0
        void this.refresh()
      },
      ended: (error) => {
        if (this.#ready() === undefined) this.state.set({ kind: 'failed', error })
        if (REFUSALS.has(error.code)) return
        // It failed, which says nothing about who may look.
        this.#timer = setTimeout(() => this.#follow(), reconnectDelayMs(this.#failures, Math.random()))
        this.#failures += 1
      },
    })
  }

  #ready(): ReadyAgents | undefined {
    const state = this.state.getSnapshot()
    return state.kind === 'ready' ? state : undefined
  }

  #patch(change: (ready: ReadyAgents) => Partial<Omit<ReadyAgents, 'kind'>>): void {
    const ready = this.#ready()
    if (ready !== undefined) this.state.set({ ...ready, ...change(ready) })
  }

  async #work<T>(id: string, act: () => Promise<T>): Promise<T> {
    this.busy.set(id)
    try {
      return await act()
    } finally {
      this.busy.set(undefined)
    }
  }
}

/** Newest first; of a call that is told twice the later word counts. */
function merge(known: readonly AgentCall[], told: readonly AgentCall[]): AgentCall[] {
  const byId = new Map(known.map((call) => [call.id, call]))
  for (const call of told) byId.set(call.id, call)
  return [...byId.values()].toSorted((a, b) => b.startedAt - a.startedAt || (a.id < b.id ? 1 : -1))
}

function bounded(calls: AgentCall[], hasMore: boolean): { calls: AgentCall[]; hasMore: boolean } {
  return { calls: calls.slice(0, MAX_AGENT_CALLS), hasMore: hasMore || calls.length > MAX_AGENT_CALLS }
}
