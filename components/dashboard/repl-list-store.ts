import { SteadyWatch } from '#components/ide/stores/steady-watch.ts'
import type { WireError } from '#protocol/errors.ts'
import type { ReplView } from '#server/repls/views.ts'

/** What the list needs of the API. */
export interface ReplListApi {
  list(): Promise<ReplView[]>
  /** Calls back with the list now and after every change; the answer ends it. After `failed` it tells nothing more. */
  watch(on: {
    list: (repls: ReplView[]) => void
    live: (isLive: boolean) => void
    failed: (error: WireError) => void
  }): () => void
  start(replId: string): Promise<ReplView>
  stop(replId: string): Promise<ReplView>
  rename(replId: string, name: string): Promise<ReplView>
  /** It has no end of its own any more. */
  keep(replId: string): Promise<ReplView>
  delete(replId: string): Promise<void>
  restore(replId: string): Promise<ReplView>
  /** Makes a repl of one's own from it. */
  fork(replId: string): Promise<ReplView>
  errorOf(error: unknown): WireError
}

export type ReplAction = 'start' | 'stop' | 'rename' | 'keep' | 'delete' | 'restore' | 'fork'

export interface ReplListSnapshot {
  /** Absent until the first answer. */
  repls?: readonly ReplView[]
  /** Why there is no list, or why it no longer updates. */
  error?: WireError
  isLive: boolean
  /** What is under way for which repl. */
  pending: ReadonlyMap<string, ReplAction>
  /** The last thing that failed, by repl; shown in its row until the next try. */
  failures: ReadonlyMap<string, WireError>
}

export interface ReplListStore {
  subscribe: (listener: () => void) => () => void
  getSnapshot: () => ReplListSnapshot
  /** Follows changes until the answer is called; what fails is begun anew, unless it was refused. */
  connect: () => () => void
  /** Asks again after a failure, and follows again. */
  retry: () => Promise<void>
  /** Each does what it says, shows it at once where that is safe, and answers whether it worked. */
  run: (action: Exclude<ReplAction, 'rename'>, replId: string) => Promise<boolean>
  rename: (replId: string, name: string) => Promise<boolean>
  dismissFailure: (replId: string) => void
}

/** The list of repls on the dashboard. */
export function createReplListStore(
  api: ReplListApi,
  initial: Pick<ReplListSnapshot, 'repls' | 'error'>,
): ReplListStore {
  let snapshot: ReplListSnapshot = { ...initial, isLive: false, pending: new Map(), failures: new Map() }
  let lists = 0
  let isFollowing = false
  const listeners = new Set<() => void>()

  const watch = new SteadyWatch({
    begin: (ended) =>
      api.watch({
        list: (repls) => {
          watch.told()
          showList(repls)
        },
        live: (isLive) => set({ isLive }),
        failed: ended,
      }),
    ended: (error) => set({ error, isLive: false }),
  })

  function set(change: Partial<ReplListSnapshot>): void {
    snapshot = { ...snapshot, ...change }
    for (const listener of listeners) listener()
  }

  function showList(repls: readonly ReplView[]): void {
    lists += 1
    const { error: _, ...rest } = snapshot
    snapshot = { ...rest, repls }
    for (const listener of listeners) listener()
  }

  function replace(repl: ReplView): void {
    set({ repls: (snapshot.repls ?? []).map((other) => (other.id === repl.id ? repl : other)) })
  }

  function mark(replId: string, action: ReplAction | undefined, failure?: WireError): void {
    set({
      pending: withEntry(snapshot.pending, replId, action),
      failures: withEntry(snapshot.failures, replId, failure),
    })
  }

  /** Runs `call` as `action` of the repl, one at a time; keeps the reason of a failure. */
  async function attempt(
    replId: string,
    action: ReplAction,
    call: () => Promise<ReplView | undefined>,
  ): Promise<boolean> {
    if (snapshot.pending.has(replId)) return false
    const listsBefore = lists
    mark(replId, action)
    try {
      const repl = await call()
      // A list that came meanwhile may be newer than this answer, and the subscription brings what it lacks.
      if (repl !== undefined && (lists === listsBefore || !snapshot.isLive)) replace(repl)
      mark(replId, undefined)
      return true
    } catch (error) {
      mark(replId, undefined, api.errorOf(error))
      return false
    }
  }

  return {
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    getSnapshot: () => snapshot,
    connect() {
      isFollowing = true
      watch.start()
      return () => {
        isFollowing = false
        watch.stop()
      }
    },
    async retry() {
      if (isFollowing && !snapshot.isLive) {
        watch.stop()
        watch.start()
      }
      const listsBefore = lists
      try {
        const repls = await api.list()
        if (lists === listsBefore) showList(repls)
      } catch (error) {
        if (lists === listsBefore) set({ error: api.errorOf(error) })
      }
    },
    run(action, replId) {
      if (action === 'fork') {
        return attempt(replId, action, async () => {
          const forked = await api.fork(replId)
          if (!snapshot.isLive) showList([forked, ...(snapshot.repls ?? [])])
          return undefined
        })
      }
      if (action !== 'delete') return attempt(replId, action, () => api[action](replId))
      return attempt(replId, action, async () => {
        await api.delete(replId)
        const repl = snapshot.repls?.find((candidate) => candidate.id === replId)
        return repl && { ...repl, state: { kind: 'deleted', purgeAt: Date.now() + RESTORABLE_MS } }
      })
    },
    async rename(replId, name) {
      const before = snapshot.repls?.find((repl) => repl.id === replId)
      if (before === undefined) return false
      replace({ ...before, name })
      const isDone = await attempt(replId, 'rename', () => api.rename(replId, name))
      if (!isDone) renameBack(before.name)
      return isDone

      function renameBack(oldName: string): void {
        const repl = snapshot.repls?.find((candidate) => candidate.id === replId)
        if (repl?.name === name) replace({ ...repl, name: oldName })
      }
    },
    dismissFailure: (replId) => set({ failures: withEntry(snapshot.failures, replId, undefined) }),
  }
}

/** How long a deleted repl can be restored; the next list from the server says it exactly. */
const RESTORABLE_MS = 7 * 24 * 60 * 60 * 1000

function withEntry<Value>(
  map: ReadonlyMap<string, Value>,
  key: string,
  value: Value | undefined,
): ReadonlyMap<string, Value> {
  const next = new Map(map)
  if (value === undefined) next.delete(key)
  else next.set(key, value)
  return next
}
