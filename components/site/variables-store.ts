import type { WireError } from '#protocol/errors.ts'
import type { Variables } from '#protocol/variables.ts'
import type { VariableView } from '#server/repls/views.ts'

/** What the list of variables needs of the API. */
export interface VariablesApi {
  list(): Promise<VariableView[]>
  set(values: Variables): Promise<{ variables: VariableView[]; isTold: boolean }>
  remove(name: string): Promise<{ variables: VariableView[]; isTold: boolean }>
  errorOf(error: unknown): WireError
}

export interface VariablesSnapshot {
  /** By name; absent until loaded. */
  variables?: readonly VariableView[]
  error?: WireError
  isBusy: boolean
  /** After a change: whether what runs was told of it, too. */
  told?: boolean
}

export interface VariablesStore {
  subscribe: (listener: () => void) => () => void
  getSnapshot: () => VariablesSnapshot
  load: () => Promise<void>
  /** Whether they were kept. */
  set: (values: Variables) => Promise<boolean>
  remove: (name: string) => Promise<void>
}

/** The environment variables of one REPL or account: names, never values. */
export function createVariablesStore(api: VariablesApi): VariablesStore {
  let snapshot: VariablesSnapshot = { isBusy: false }
  const listeners = new Set<() => void>()

  function set(next: VariablesSnapshot): void {
    snapshot = next
    for (const listener of listeners) listener()
  }

  /** One thing at a time; what fails is shown until the next. */
  async function attempt(work: () => Promise<Pick<VariablesSnapshot, 'variables' | 'told'>>): Promise<boolean> {
    const { error: _, told: __, ...rest } = snapshot
    set({ ...rest, isBusy: true })
    try {
      const done = await work()
      set({ ...snapshot, ...done, isBusy: false })
      return true
    } catch (error) {
      set({ ...snapshot, error: api.errorOf(error), isBusy: false })
      return false
    }
  }

  const changing = (call: () => ReturnType<VariablesApi['set']>) =>
    attempt(async () => {
      const { variables, isTold } = await call()
      return { variables, told: isTold }
    })

  return {
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    getSnapshot: () => snapshot,
    load: async () => void (await attempt(async () => ({ variables: await api.list() }))),
    set: (values) => changing(() => api.set(values)),
    remove: async (name) => void (await changing(() => api.remove(name))),
  }
}
