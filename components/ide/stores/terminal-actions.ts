import { focusTerminal, newTerminal, showTerminal } from './actions.ts'
import { canSplit, stepFrom } from './terminal-groups.ts'
import type { Workbench } from './workbench.ts'

/** Whether there is a terminal to split, and room beside it. */
export function canSplitTerminal(bench: Workbench): boolean {
  const { groups, activeId } = bench.terminals.state.getSnapshot()
  return canSplit(groups, activeId)
}

/** Opens a shell beside the terminal that is looked at, and gives it the focus. */
export function splitTerminal(bench: Workbench): void {
  const { activeId } = bench.terminals.state.getSnapshot()
  if (activeId === undefined) return newTerminal(bench)
  bench.memory.patch({ isPanelOpen: true, pane: 'terminal' })
  bench.terminalBridge.focusNext()
  void bench.attempt(() => bench.terminals.split(activeId))
}

/** Gives the focus to the terminal `step` places further, around the end. */
export function stepTerminal(bench: Workbench, step: 1 | -1): void {
  const { groups, activeId } = bench.terminals.state.getSnapshot()
  const next = stepFrom(groups, activeId, step)
  if (next === undefined || next === activeId) return focusTerminal(bench)
  bench.terminalBridge.focusNext()
  showTerminal(bench, next)
}
