import { MAX_CLOSED_TABS } from './limits.ts'
import { Store } from './store.ts'
import { isWithin } from './documents.ts'

export interface Tab {
  path: string
  /** Opened by a single click: the next one takes its place unless it was edited or opened for good. */
  isPreview: boolean
}

export interface TabsState {
  tabs: readonly Tab[]
  active: string | undefined
  /** Paths closed in this page, the latest last. */
  closed: readonly string[]
}

/** The tabs over the editor. */
export class Tabs {
  readonly state: Store<TabsState>

  constructor(initial: Pick<TabsState, 'tabs' | 'active'> = { tabs: [], active: undefined }) {
    this.state = new Store<TabsState>({ ...initial, closed: [] })
  }

  /** Shows a file. `isPreview` replaces an earlier preview rather than adding a tab. */
  open(path: string, options: { isPreview?: boolean } = {}): void {
    const isPreview = options.isPreview ?? false
    this.state.update(({ tabs, closed }) => {
      const known = tabs.some((tab) => tab.path === path)
      if (known && isPreview) return { tabs, active: path, closed }
      if (known)
        return { tabs: tabs.map((tab) => (tab.path === path ? { path, isPreview } : tab)), active: path, closed }
      const kept = isPreview ? tabs.filter((tab) => !tab.isPreview) : tabs
      return { tabs: [...kept, { path, isPreview }], active: path, closed: closed.filter((other) => other !== path) }
    })
  }

  /** Makes a preview stay. */
  keep(path: string): void {
    const { tabs } = this.state.getSnapshot()
    if (!tabs.some((tab) => tab.path === path && tab.isPreview)) return
    this.state.update((state) => ({
      ...state,
      tabs: state.tabs.map((tab) => (tab.path === path ? { path, isPreview: false } : tab)),
    }))
  }

  close(path: string): void {
    this.state.update((state) => {
      const index = state.tabs.findIndex((tab) => tab.path === path)
      const tabs = state.tabs.filter((tab) => tab.path !== path)
      const neighbour = tabs[Math.min(Math.max(index, 0), tabs.length - 1)]?.path
      return {
        tabs,
        active: state.active === path ? neighbour : state.active,
        closed: index === -1 ? state.closed : [...state.closed, path].slice(-MAX_CLOSED_TABS),
      }
    })
  }

  closeOthers(path: string): void {
    for (const tab of this.state.getSnapshot().tabs) if (tab.path !== path) this.close(tab.path)
  }

  /** Brings back the tab that was closed last. */
  reopen(): string | undefined {
    const path = this.state.getSnapshot().closed.at(-1)
    if (path !== undefined) this.open(path)
    return path
  }

  /** The tab `step` places further, around the end. */
  step(step: 1 | -1): void {
    const { tabs, active } = this.state.getSnapshot()
    const index = tabs.findIndex((tab) => tab.path === active)
    const next = tabs[(index + step + tabs.length) % tabs.length]
    if (next !== undefined) this.state.update((state) => ({ ...state, active: next.path }))
  }

  moved(from: string, to: string): void {
    const target = (path: string): string => (isWithin(path, from) ? to + path.slice(from.length) : path)
    this.state.update((state) => ({
      ...state,
      // One that stood at the new path already, of a file that is gone, gives way.
      tabs: state.tabs
        .filter(
          (tab) =>
            isWithin(tab.path, from) ||
            !state.tabs.some((other) => isWithin(other.path, from) && target(other.path) === tab.path),
        )
        .map((tab) => ({ ...tab, path: target(tab.path) })),
      active: state.active === undefined ? undefined : target(state.active),
    }))
  }
}
