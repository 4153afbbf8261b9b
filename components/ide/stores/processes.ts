import type { WireError } from '#protocol/errors.ts'
import type { ProcessInfo } from '#protocol/messages.ts'
import type { Connection } from './connection.ts'
import { PROCESSES_LOOK_MS } from './limits.ts'
import { describeError, isLost } from './request-error.ts'
import { Store } from './store.ts'

export type ProcessesState =
  | { kind: 'loading' }
  | { kind: 'failed'; error: WireError }
  /** `asked`: those that were asked to end and have not yet. */
  | { kind: 'ready'; list: readonly ProcessInfo[]; asked: ReadonlySet<number> }

/** What runs in the REPL; looked at again and again while somebody watches. */
export class Processes {
  readonly state = new Store<ProcessesState>({ kind: 'loading' })
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Looks now and every `PROCESSES_LOOK_MS`, until the answer is called. */
  watch(): () => void {
    let isOver = false
    let timer: ReturnType<typeof setTimeout> | undefined
    let isLooking = false
    const look = async (): Promise<void> => {
      clearTimeout(timer)
      if (isLooking || isOver || this.#connection.state.getSnapshot().kind !== 'open') return
      isLooking = true
      await this.refresh()
      isLooking = false
      if (!isOver) timer = setTimeout(() => void look(), PROCESSES_LOOK_MS)
    }
    void look()
    const stop = this.#connection.state.subscribe(() => void look())
    return () => {
      isOver = true
      clearTimeout(timer)
      stop()
    }
  }

  /** Looks once. A list that could not be asked for anew stays, as it was. */
  async refresh(): Promise<void> {
    try {
      const { processes: list } = await this.#connection.request('processes.list', {})
      this.state.update((state) => {
        const pids = new Set(list.map(({ pid }) => pid))
        const asked = state.kind === 'ready' ? [...state.asked].filter((pid) => pids.has(pid)) : []
        return { kind: 'ready', list, asked: new Set(asked) }
      })
    } catch (error) {
      const isKnown = this.state.getSnapshot().kind === 'ready'
      if (!isKnown || !isLost(error)) this.state.set({ kind: 'failed', error: describeError(error) })
    }
  }

  /** Asks a process to end; one that was asked before and has not ended is ended. */
  async end(pid: number): Promise<void> {
    const state = this.state.getSnapshot()
    const wasAsked = state.kind === 'ready' && state.asked.has(pid)
    await this.#connection.request('processes.signal', { pid, signal: wasAsked ? 'SIGKILL' : 'SIGTERM' })
    this.state.update((now) => (now.kind === 'ready' ? { ...now, asked: new Set([...now.asked, pid]) } : now))
    await this.refresh()
  }
}
