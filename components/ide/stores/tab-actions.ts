import type { Workbench } from './workbench.ts'

/** A tab of one group. */
export interface TabPlace {
  path: string
  group: number
}

/** The tab that is looked at. */
export function activeTab(bench: Workbench): TabPlace | undefined {
  const { active, activeGroup } = bench.tabs.state.getSnapshot()
  return active === undefined ? undefined : { path: active, group: activeGroup }
}

/**
 * Closes a tab. With a file's last one, what is typed is saved first, and if that fails the person is asked. Where the
 * keyboard was in a group that goes with it, it is in the next editor then.
 */
export async function closeTab(bench: Workbench, { path, group }: TabPlace): Promise<void> {
  const document = bench.documents.get(path)
  if (document?.isUnsaved === true && !bench.tabs.isElsewhere(path, group)) {
    await document.save()
    if (document.isUnsaved) return bench.overlay.set({ kind: 'close-unsaved', path })
  }
  const before = bench.tabs.state.getSnapshot()
  bench.tabs.close(path, group)
  const { groups, active } = bench.tabs.state.getSnapshot()
  const isGroupGone = groups.length < before.groups.length && before.activeGroup === group
  if (isGroupGone && active !== undefined) bench.editor.goTo(active)
}

/** Closes a file's tabs and forgets what was typed there. */
export async function discardTab(bench: Workbench, path: string): Promise<void> {
  const document = bench.documents.get(path)
  bench.tabs.close(path)
  bench.documents.close(path)
  bench.overlay.set({ kind: 'none' })
  await document?.discard()
}

export function closeOtherTabs(bench: Workbench, { path, group }: TabPlace): void {
  for (const other of tabsOf(bench, group)) if (other !== path) void closeTab(bench, { path: other, group })
}

export function closeGroup(bench: Workbench, group: number): void {
  for (const path of tabsOf(bench, group)) void closeTab(bench, { path, group })
}

/** Shows a file in a group of its own, too, where its reader is in it. */
export function splitRight(bench: Workbench, { path, group }: TabPlace): void {
  if (!bench.tabs.canSplit) return
  const { active, activeGroup } = bench.tabs.state.getSnapshot()
  const cursor = path === active && group === activeGroup ? bench.editor.cursor.getSnapshot() : undefined
  bench.tabs.split(path, group)
  bench.editor.goTo(path, cursor === undefined ? undefined : { line: cursor.line, column: cursor.column })
}

/** Whether a tab can go to the group beside its own; at the right end one is made for it. */
export function canMoveAcross(bench: Workbench, { group }: TabPlace, step: 1 | -1): boolean {
  const { groups } = bench.tabs.state.getSnapshot()
  const at = groups.findIndex(({ id }) => id === group)
  if (groups[at + step] !== undefined) return true
  return step === 1 && bench.tabs.canSplit && (groups[at]?.tabs.length ?? 0) > 1
}

export function moveAcross(bench: Workbench, tab: TabPlace, step: 1 | -1): void {
  if (!canMoveAcross(bench, tab, step)) return
  const { groups } = bench.tabs.state.getSnapshot()
  const target = groups[groups.findIndex(({ id }) => id === tab.group) + step]
  if (target === undefined) bench.tabs.split(tab.path, tab.group, { isMove: true })
  else bench.tabs.move(tab.path, tab.group, { group: target.id, before: undefined })
  bench.editor.goTo(tab.path)
}

/** Moves a tab one place along its own group. */
export function moveAlong(bench: Workbench, { path, group }: TabPlace, step: 1 | -1): void {
  const tabs = tabsOf(bench, group)
  const at = tabs.indexOf(path)
  if (tabs[at + step] === undefined) return
  bench.tabs.move(path, group, { group, before: step === 1 ? tabs[at + 2] : tabs[at - 1] })
}

/** Gives the focus to the group at a place, counted from the left and zero. */
export function focusGroup(bench: Workbench, at: number): void {
  const group = bench.tabs.state.getSnapshot().groups[at]
  if (group === undefined) return
  bench.showPane('editor')
  bench.tabs.activate(group.id)
  if (group.active !== undefined) bench.editor.goTo(group.active)
}

/** Gives the focus to the group `step` places further, around the end. */
export function stepGroup(bench: Workbench, step: 1 | -1): void {
  const { groups, activeGroup } = bench.tabs.state.getSnapshot()
  const at = groups.findIndex(({ id }) => id === activeGroup)
  focusGroup(bench, (at + step + groups.length) % groups.length)
}

function tabsOf(bench: Workbench, group: number): string[] {
  const { groups } = bench.tabs.state.getSnapshot()
  return groups.find(({ id }) => id === group)?.tabs.map((tab) => tab.path) ?? []
}
