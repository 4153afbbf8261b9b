import { MAX_CLOSED_TABS, MAX_TAB_GROUPS } from './limits.ts'
import { Store } from './store.ts'
import { following, holds, keeping, placing, showing, without } from './tab-group.ts'
import type { Tab, TabGroup } from './tab-group.ts'

interface Groups {
  /** Side by side, from the left. There is always one, and only the last one may be empty. */
  groups: readonly TabGroup[]
  /** The group that takes what is opened, and that commands are for. */
  activeGroup: number
  /** Paths closed in this page, the latest last. */
  closed: readonly string[]
}

export interface TabsState extends Groups {
  /** Those of the active group. */
  tabs: readonly Tab[]
  /** The file looked at: what the active group shows. */
  active: string | undefined
}

interface SplitOptions {
  rightOf?: number
  isMove?: boolean
}

const EMPTY: TabGroup = { id: 1, tabs: [], active: undefined }

/** The tabs over the editors, in groups side by side. A file may be open in several of them. */
export class Tabs {
  readonly state: Store<TabsState>

  constructor({ groups, activeGroup }: Pick<Groups, 'groups' | 'activeGroup'> = { groups: [], activeGroup: 1 }) {
    const kept = groups.filter(
      ({ id, tabs }, index) => tabs.length > 0 && groups.findIndex((group) => group.id === id) === index,
    )
    this.state = new Store(settled({ groups: kept.slice(0, MAX_TAB_GROUPS), activeGroup, closed: [] }, activeGroup))
  }

  /** Shows a file, in the active group if none is named. `isPreview` replaces an earlier preview rather than adding a tab. */
  open(path: string, { isPreview = false, group }: { isPreview?: boolean; group?: number } = {}): void {
    const id = group ?? this.state.getSnapshot().activeGroup
    this.#change((state) => ({
      groups: inGroup(state, id, (one) => showing(one, { path, isPreview })),
      activeGroup: id,
      closed: state.closed.filter((other) => other !== path),
    }))
  }

  /** Makes a preview stay. */
  keep(path: string): void {
    const { groups } = this.state.getSnapshot()
    const kept = groups.map((group) => keeping(group, path))
    if (kept.some((group, index) => group !== groups[index])) this.#change((state) => ({ ...state, groups: kept }))
  }

  /** Closes a file's tab in one group, or wherever it is open. A group without tabs gives way. */
  close(path: string, id?: number): void {
    this.#change((state) => {
      const isMeant = (group: TabGroup): boolean => (id === undefined || group.id === id) && holds(group, path)
      if (!state.groups.some(isMeant)) return state
      return {
        ...state,
        groups: state.groups.map((group) => (isMeant(group) ? without(group, path) : group)),
        closed: [...state.closed.filter((other) => other !== path), path].slice(-MAX_CLOSED_TABS),
      }
    })
  }

  /** Brings back the tab that was closed last. */
  reopen(): string | undefined {
    const path = this.state.getSnapshot().closed.at(-1)
    if (path !== undefined) this.open(path)
    return path
  }

  /** The tab `step` places further in the active group, around the end. */
  step(step: 1 | -1): void {
    const { tabs, active, activeGroup } = this.state.getSnapshot()
    const index = tabs.findIndex((tab) => tab.path === active)
    const next = tabs[(index + step + tabs.length) % tabs.length]
    if (next !== undefined) this.open(next.path, { isPreview: true, group: activeGroup })
  }

  /** Makes a group the one that takes what is opened. */
  activate(id: number): void {
    const { groups, activeGroup } = this.state.getSnapshot()
    if (id === activeGroup || !groups.some((group) => group.id === id)) return
    this.#change((state) => ({ ...state, activeGroup: id }))
  }

  /** Whether there is room for one more group. */
  get canSplit(): boolean {
    return this.state.getSnapshot().groups.length < MAX_TAB_GROUPS
  }

  /** Opens a new group with a file of `from`: in both from then on, or moved over. At the right of `from` or of another one. */
  split(path: string, from: number, { rightOf = from, isMove = false }: SplitOptions = {}): void {
    this.#change((state) => {
      const source = state.groups.find((group) => group.id === from && holds(group, path))
      const at = state.groups.findIndex((group) => group.id === rightOf)
      if (source === undefined || at === -1 || !this.canSplit) return state
      if (isMove && source.tabs.length === 1 && from === rightOf) return state
      const id = freeId(state.groups)
      const left = isMove ? inGroup(state, from, (group) => without(group, path)) : state.groups
      const right = placing({ ...EMPTY, id }, path, undefined)
      return { ...state, groups: left.toSpliced(at + 1, 0, right), activeGroup: id }
    })
  }

  /** Moves a tab into a group, which may be its own, before the tab of another file or to the end. */
  move(path: string, from: number, to: { group: number; before: string | undefined }): void {
    this.#change((state) => {
      const isThere = state.groups.some((group) => group.id === from && holds(group, path))
      if (!isThere || !state.groups.some((group) => group.id === to.group)) return state
      const groups = state.groups.map((group) => {
        if (group.id === to.group) return placing(group, path, to.before)
        return group.id === from ? without(group, path) : group
      })
      return { ...state, groups, activeGroup: to.group }
    })
  }

  moved(from: string, to: string): void {
    this.#change((state) => ({ ...state, groups: state.groups.map((group) => following(group, from, to)) }))
  }

  /** Every file that is open, once. */
  paths(): string[] {
    return [...new Set(this.state.getSnapshot().groups.flatMap(({ tabs }) => tabs.map((tab) => tab.path)))]
  }

  /** Whether another group has the file open, too. */
  isElsewhere(path: string, id: number): boolean {
    return this.state.getSnapshot().groups.some((group) => group.id !== id && holds(group, path))
  }

  #change(change: (state: Groups) => Groups): void {
    this.state.update((state) => {
      const next = change(state)
      return next === state ? state : settled(next, state.activeGroup)
    })
  }
}

function inGroup({ groups }: Groups, id: number, change: (group: TabGroup) => TabGroup): readonly TabGroup[] {
  return groups.map((group) => (group.id === id ? change(group) : group))
}

function freeId(groups: readonly TabGroup[]): number {
  let id = 1
  while (groups.some((group) => group.id === id)) id += 1
  return id
}

/** Groups without tabs give way to the one at their left. */
function settled({ groups, activeGroup, closed }: Groups, wasActive: number): TabsState {
  const full = groups.filter((group) => group.tabs.length > 0)
  const left = full.length > 0 ? full : [groups.find((group) => group.id === wasActive) ?? groups[0] ?? EMPTY]
  const at = groups.findIndex((group) => group.id === activeGroup)
  const active =
    left.find((group) => group.id === activeGroup) ??
    left.findLast((group) => groups.indexOf(group) < at) ??
    left[0] ??
    EMPTY
  return { groups: left, activeGroup: active.id, tabs: active.tabs, active: active.active, closed }
}
