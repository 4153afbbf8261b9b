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

/** Whether the terminal that is looked at is a shell, which can be begun anew. */
export function canRestartTerminal(bench: Workbench): boolean {
  const { list, activeId } = bench.terminals.state.getSnapshot()
  return list.some(({ id, kind }) => id === activeId && kind === 'shell')
}

/** Begins a shell anew in its place; asks first where a program would end with it. */
export function restartTerminal(bench: Workbench, id: string | undefined): void {
  if (id === undefined) return
  void bench.attempt(async () => {
    const commands = await bench.terminals.restartIfIdle(id)
    if (commands.length > 0) bench.overlay.set({ kind: 'close-terminal', id, commands, isRestart: true })
  })
}
