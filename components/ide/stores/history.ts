import type { WireError } from '#protocol/errors.ts'
import type { SnapshotView } from '#server/repls/history.ts'
import type { ReplView } from '#server/repls/views.ts'
import type { Difference } from '#server/workspaces/history/compare-snapshots.ts'
import type { FileThen, TreeEntry } from '#server/workspaces/history/workspace-history.ts'
import { Store } from './store.ts'

/** What this page asks of the API about a REPL's past. */
export interface HistoryApi {
  list(): Promise<SnapshotView[]>
  checkpoint(name: string): Promise<SnapshotView>
  rename(id: string, name: string | null): Promise<SnapshotView>
  forget(id: string): Promise<void>
  recall(id: string): Promise<SnapshotView>
  /** For good. */
  remove(id: string): Promise<void>
  /** What changed since then. */
  diff(from: string): Promise<{ differences: Difference[]; isCut: boolean }>
  /** The project as it was last backed up. */
  tree(): Promise<{ id: string; entries: TreeEntry[]; isCut: boolean }>
  file(id: string, path: string): Promise<FileThen>
  restore(id: string, paths?: string[]): Promise<{ undo: string }>
  fork(id: string): Promise<ReplView>
  errorOf(error: unknown): WireError
}

export type HistoryState =
  | { kind: 'loading' }
  | { kind: 'failed'; error: WireError }
  | { kind: 'ready'; snapshots: readonly SnapshotView[] }

/** What changed since the snapshot that is open in the list. */
export type Changes =
  | { kind: 'loading' }
  | { kind: 'failed'; error: WireError }
  | { kind: 'ready'; differences: readonly Difference[]; isCut: boolean }

/** The states that the REPL's files can go back to. */
export class History {
  readonly state = new Store<HistoryState>({ kind: 'loading' })
  /** The snapshot that is open, and what changed since. */
  readonly open = new Store<{ id: string; changes: Changes } | undefined>(undefined)
  /** Id of the snapshot that something is done with, or `new`. */
  readonly busy = new Store<string | undefined>(undefined)
  readonly #api: HistoryApi

  constructor(api: HistoryApi) {
    this.#api = api
  }

  /** Asks for the list; what is shown stays until the answer is there. */
  async refresh(): Promise<void> {
    try {
      this.state.set({ kind: 'ready', snapshots: await this.#api.list() })
    } catch (error) {
      if (this.state.getSnapshot().kind !== 'ready') this.state.set({ kind: 'failed', error: this.#api.errorOf(error) })
    }
  }

  /** Opens a snapshot in the list, or closes it. */
  toggle(id: string): void {
    if (this.open.getSnapshot()?.id === id) this.open.set(undefined)
    else void this.look(id)
  }

  /** What changed since `id`, asked for anew. */
  async look(id: string): Promise<void> {
    this.open.set({ id, changes: { kind: 'loading' } })
    const changes = await this.#changesSince(id)
    if (this.open.getSnapshot()?.id === id) this.open.set({ id, changes })
  }

  checkpoint(name: string): Promise<SnapshotView> {
    return this.#work('new', () => this.#api.checkpoint(name))
  }

  rename(id: string, name: string | null): Promise<SnapshotView> {
    return this.#work(id, () => this.#api.rename(id, name))
  }

  forget(id: string): Promise<void> {
    return this.#work(id, () => this.#api.forget(id))
  }

  recall(id: string): Promise<SnapshotView> {
    return this.#work(id, () => this.#api.recall(id))
  }

  /** For good. */
  remove(id: string): Promise<void> {
    return this.#work(id, () => this.#api.remove(id))
  }

  /** Brings a state back, all or some paths of it. What was there before is the snapshot `undo`. */
  restore(id: string, paths?: string[]): Promise<{ undo: string }> {
    return this.#work(id, () => this.#api.restore(id, paths))
  }

  fork(id: string): Promise<ReplView> {
    return this.#work(id, () => this.#api.fork(id))
  }

  tree(): Promise<{ id: string; entries: TreeEntry[]; isCut: boolean }> {
    return this.#api.tree()
  }

  file(id: string, path: string): Promise<FileThen> {
    return this.#api.file(id, path)
  }

  /** What a failure of any of these says. */
  errorOf(error: unknown): WireError {
    return this.#api.errorOf(error)
  }

  async #changesSince(id: string): Promise<Changes> {
    try {
      return { kind: 'ready', ...(await this.#api.diff(id)) }
    } catch (error) {
      return { kind: 'failed', error: this.#api.errorOf(error) }
    }
  }

  /** One thing at a time, and the list anew after it. */
  async #work<T>(id: string, act: () => Promise<T>): Promise<T> {
    this.busy.set(id)
    try {
      return await act()
    } finally {
      this.busy.set(undefined)
      await this.refresh()
    }
  }
}
