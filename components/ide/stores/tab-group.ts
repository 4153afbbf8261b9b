import { isWithin } from './documents.ts'

export interface Tab {
  path: string
  /** Opened by a single click: the next one takes its place unless it was edited or opened for good. */
  isPreview: boolean
}

/** Tabs over an editor of their own. */
export interface TabGroup {
  id: number
  tabs: readonly Tab[]
  /** The file that it shows. */
  active: string | undefined
}

export function holds(group: TabGroup, path: string): boolean {
  return group.tabs.some((tab) => tab.path === path)
}

/** Shows a file. A preview takes the place of an earlier one; looking at a kept tab again leaves it one. */
export function showing(group: TabGroup, { path, isPreview }: Tab): TabGroup {
  if (holds(group, path)) return { ...(isPreview ? group : keeping(group, path)), active: path }
  const kept = isPreview ? group.tabs.filter((tab) => !tab.isPreview) : group.tabs
  return { ...group, tabs: [...kept, { path, isPreview }], active: path }
}

/** Makes a preview stay. */
export function keeping(group: TabGroup, path: string): TabGroup {
  if (!group.tabs.some((tab) => tab.path === path && tab.isPreview)) return group
  return { ...group, tabs: group.tabs.map((tab) => (tab.path === path ? { path, isPreview: false } : tab)) }
}

/** Takes a tab out, and shows its neighbour if it was the one looked at. */
export function without(group: TabGroup, path: string): TabGroup {
  const index = group.tabs.findIndex((tab) => tab.path === path)
  if (index === -1) return group
  const tabs = group.tabs.toSpliced(index, 1)
  const neighbour = tabs[Math.min(index, tabs.length - 1)]?.path
  return { ...group, tabs, active: group.active === path ? neighbour : group.active }
}

/** Puts a tab before another one, at the end if there is none, and shows it: whoever places a tab wants to keep it. */
export function placing(group: TabGroup, path: string, before: string | undefined): TabGroup {
  if (before === path) return { ...keeping(group, path), active: path }
  const others = group.tabs.filter((tab) => tab.path !== path)
  const at = others.findIndex((tab) => tab.path === before)
  const tabs = others.toSpliced(at === -1 ? others.length : at, 0, { path, isPreview: false })
  return { ...group, tabs, active: path }
}

/** Files were moved: their tabs go with them. */
export function following(group: TabGroup, from: string, to: string): TabGroup {
  const target = (path: string): string => (isWithin(path, from) ? to + path.slice(from.length) : path)
  // One that stood at the new path already, of a file that is gone, gives way.
  const isTaken = ({ path }: Tab): boolean =>
    !isWithin(path, from) && group.tabs.some((other) => isWithin(other.path, from) && target(other.path) === path)
  return {
    ...group,
    tabs: group.tabs.filter((tab) => !isTaken(tab)).map((tab) => ({ ...tab, path: target(tab.path) })),
    active: group.active === undefined ? undefined : target(group.active),
  }
}
