import type { AgentCall, AgentCallsPage, AgentConnection, AgentScope } from '#protocol/agents.ts'
import type { WireError } from '#protocol/errors.ts'
import { MAX_AGENT_CALLS } from './limits.ts'
import { SteadyWatch } from './steady-watch.ts'
import { Store } from './store.ts'

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
  readonly #watch: SteadyWatch
  #watchers = 0

  constructor(api: AgentsApi) {
    this.#api = api
    this.#watch = new SteadyWatch({
      begin: (ended) => this.#follow(ended),
      ended: (error) => {
        if (this.#ready() === undefined) this.state.set({ kind: 'failed', error })
      },
    })
  }

  /** Loads, and follows what happens until the function it returns is called. */
  watch(): () => void {
    this.#watchers++
    if (this.#watchers === 1) this.#watch.start()
    return () => {
      this.#watchers--
      if (this.#watchers === 0) this.#watch.stop()
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

  #follow(ended: (error: WireError) => void): () => void {
    void this.refresh()
    return this.#api.watch({
      called: (calls) => {
        this.#watch.told()
        this.#patch((ready) => bounded(merge(ready.calls, calls), ready.hasMore))
      },
      connected: () => {
        this.#watch.told()
        void this.refresh()
      },
      ended,
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
