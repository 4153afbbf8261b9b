import { isTemporary } from '#components/temporary.tsx'
import type { Workbench } from './stores/workbench.ts'
import {
  beginCreate,
  closeActiveTerminal,
  findInTerminal,
  focusEditor,
  focusTerminal,
  newTerminal,
  reveal,
  searchText,
  showView,
  stepFound,
  togglePreview,
  toggleRun,
  toggleSide,
  toggleTerminal,
} from './stores/actions.ts'
import {
  activeTab,
  canMoveAcross,
  closeGroup,
  closeOtherTabs,
  closeTab,
  focusGroup,
  moveAcross,
  moveAlong,
  splitRight,
  stepGroup,
} from './stores/tab-actions.ts'
import type { TabPlace } from './stores/tab-actions.ts'
import {
  canRestartTerminal,
  canSplitTerminal,
  restartTerminal,
  splitTerminal,
  stepTerminal,
} from './stores/terminal-actions.ts'

/** One thing that can be done, for the palette, the keyboard and the help sheet alike. */
export interface Command {
  id: string
  title: string
  group: 'File' | 'Go' | 'View' | 'Run' | 'Terminal' | 'REPL'
  /** As in `Kbd`; the first one is shown. */
  keys?: readonly string[]
  /** Whether it makes sense for this person now. */
  isEnabled?: (workbench: Workbench) => boolean
  /** Where it makes no sense its keys are for others: the editor's, the browser's. */
  yields?: boolean
  run: (workbench: Workbench) => void
}

/** As long as a working morning: somebody waits for a job that says nothing. */
const KEEP_AWAKE_HOURS = 4

const canEdit = (workbench: Workbench): boolean => workbench.repl.canEdit
/** A REPL that sleeps has files and terminals to look at only. */
const canWork = (workbench: Workbench): boolean =>
  canEdit(workbench) && workbench.repl.state.getSnapshot().view.state.kind === 'running'
const isOwner = (workbench: Workbench): boolean => workbench.repl.state.getSnapshot().view.role === 'owner'
const hasTab = (workbench: Workbench): boolean => workbench.tabs.state.getSnapshot().active !== undefined
const hasTerminal = (workbench: Workbench): boolean => workbench.terminals.state.getSnapshot().activeId !== undefined

const hasResults = (workbench: Workbench): boolean => workbench.search.state.getSnapshot().files.length > 0

function withActiveTab(workbench: Workbench, act: (tab: TabPlace) => void): void {
  const tab = activeTab(workbench)
  if (tab !== undefined) act(tab)
}

/** Whether there are as many groups of tabs. */
function hasGroups(count: number): (workbench: Workbench) => boolean {
  return (workbench) => workbench.tabs.state.getSnapshot().groups.length >= count
}

function canMove(step: 1 | -1): (workbench: Workbench) => boolean {
  return (workbench) => {
    const tab = activeTab(workbench)
    return tab !== undefined && canMoveAcross(workbench, tab, step)
  }
}

function showFiles(workbench: Workbench): void {
  showView(workbench, 'files')
  workbench.tree.isFocusWanted.set(true)
}

/** Every command of the workbench, in the order of the help sheet. */
export const COMMANDS: readonly Command[] = [
  {
    id: 'file.save',
    title: 'Save',
    group: 'File',
    keys: ['mod+s'],
    isEnabled: (bench) => canEdit(bench) && hasTab(bench),
    run: (bench) => withActiveTab(bench, ({ path }) => void bench.documents.get(path)?.save()),
  },
  {
    id: 'file.save-all',
    title: 'Save all',
    group: 'File',
    isEnabled: canEdit,
    run: (bench) => void bench.documents.saveAll(),
  },
  {
    id: 'file.new',
    title: 'New file',
    group: 'File',
    keys: ['alt+n'],
    isEnabled: canWork,
    run: (bench) => beginCreate(bench, 'file'),
  },
  {
    id: 'file.new-folder',
    title: 'New folder',
    group: 'File',
    isEnabled: canWork,
    run: (bench) => beginCreate(bench, 'folder'),
  },
  {
    id: 'file.trash',
    title: 'Show the trash',
    group: 'File',
    isEnabled: canWork,
    run: (bench) => bench.overlay.set({ kind: 'trash' }),
  },
  {
    id: 'file.close',
    title: 'Close tab',
    group: 'File',
    keys: ['alt+w'],
    isEnabled: hasTab,
    run: (bench) => withActiveTab(bench, (tab) => void closeTab(bench, tab)),
  },
  {
    id: 'file.close-others',
    title: 'Close other tabs',
    group: 'File',
    isEnabled: hasTab,
    run: (bench) => withActiveTab(bench, (tab) => closeOtherTabs(bench, tab)),
  },
  {
    id: 'file.close-group',
    title: 'Close group of tabs',
    group: 'File',
    isEnabled: hasGroups(2),
    run: (bench) => closeGroup(bench, bench.tabs.state.getSnapshot().activeGroup),
  },
  {
    id: 'file.reopen',
    title: 'Reopen closed tab',
    group: 'File',
    keys: ['alt+shift+t'],
    isEnabled: (bench) => bench.tabs.state.getSnapshot().closed.length > 0,
    run: (bench) => void bench.tabs.reopen(),
  },
  {
    id: 'file.reveal',
    title: 'Reveal active file in the tree',
    group: 'File',
    keys: ['alt+r'],
    isEnabled: hasTab,
    run: (bench) => withActiveTab(bench, ({ path }) => reveal(bench, path)),
  },
  {
    id: 'edit.find',
    title: 'Find in file',
    group: 'File',
    keys: ['mod+f'],
    isEnabled: hasTab,
    run: (bench) => bench.editor.trigger('actions.find'),
  },
  {
    id: 'edit.replace',
    title: 'Replace in file',
    group: 'File',
    keys: ['mod+h'],
    isEnabled: (bench) => canEdit(bench) && hasTab(bench),
    run: (bench) => bench.editor.trigger('editor.action.startFindReplaceAction'),
  },
  {
    id: 'edit.format',
    title: 'Format document',
    group: 'File',
    keys: ['shift+alt+f'],
    isEnabled: (bench) => canEdit(bench) && hasTab(bench),
    run: (bench) => bench.editor.trigger('editor.action.formatDocument'),
  },
  {
    id: 'go.file',
    title: 'Go to file',
    group: 'Go',
    keys: ['mod+p'],
    run: (bench) => bench.overlay.set({ kind: 'quick-open' }),
  },
  {
    id: 'go.palette',
    title: 'Show all commands',
    group: 'Go',
    keys: ['mod+shift+p', 'f1', 'mod+k'],
    run: (bench) => bench.overlay.set({ kind: 'palette' }),
  },
  {
    id: 'go.symbol',
    title: 'Go to symbol',
    group: 'Go',
    keys: ['mod+shift+o'],
    isEnabled: hasTab,
    run: (bench) => bench.editor.trigger('editor.action.quickOutline'),
  },
  {
    id: 'go.line',
    title: 'Go to line',
    group: 'Go',
    keys: ['mod+g'],
    isEnabled: hasTab,
    run: (bench) => bench.editor.trigger('editor.action.gotoLine'),
  },
  {
    id: 'go.next-result',
    title: 'Next search result',
    group: 'Go',
    keys: ['f4'],
    isEnabled: hasResults,
    yields: true,
    run: (bench) => stepFound(bench, 1),
  },
  {
    id: 'go.previous-result',
    title: 'Previous search result',
    group: 'Go',
    keys: ['shift+f4'],
    isEnabled: hasResults,
    yields: true,
    run: (bench) => stepFound(bench, -1),
  },
  {
    id: 'go.next-tab',
    title: 'Next tab',
    group: 'Go',
    keys: ['alt+pagedown'],
    isEnabled: hasTab,
    run: (bench) => bench.tabs.step(1),
  },
  {
    id: 'go.previous-tab',
    title: 'Previous tab',
    group: 'Go',
    keys: ['alt+pageup'],
    isEnabled: hasTab,
    run: (bench) => bench.tabs.step(-1),
  },
  {
    id: 'go.group-1',
    title: 'Focus the first group of tabs',
    group: 'Go',
    // Browsers take Ctrl with digits for tabs of their own.
    keys: ['alt+shift+1'],
    isEnabled: hasTab,
    run: (bench) => focusGroup(bench, 0),
  },
  {
    id: 'go.group-2',
    title: 'Focus the second group of tabs',
    group: 'Go',
    keys: ['alt+shift+2'],
    isEnabled: hasGroups(2),
    run: (bench) => focusGroup(bench, 1),
  },
  {
    id: 'go.group-3',
    title: 'Focus the third group of tabs',
    group: 'Go',
    keys: ['alt+shift+3'],
    isEnabled: hasGroups(3),
    run: (bench) => focusGroup(bench, 2),
  },
  {
    id: 'go.next-group',
    title: 'Focus the next group of tabs',
    group: 'Go',
    isEnabled: hasGroups(2),
    run: (bench) => stepGroup(bench, 1),
  },
  {
    id: 'go.previous-group',
    title: 'Focus the previous group of tabs',
    group: 'Go',
    isEnabled: hasGroups(2),
    run: (bench) => stepGroup(bench, -1),
  },
  {
    id: 'go.editor',
    title: 'Focus the editor',
    group: 'Go',
    keys: ['alt+1'],
    isEnabled: hasTab,
    run: (bench) => focusEditor(bench),
  },
  {
    id: 'go.terminal',
    title: 'Focus the terminal',
    group: 'Go',
    keys: ['alt+2'],
    isEnabled: hasTerminal,
    run: (bench) => focusTerminal(bench),
  },
  {
    id: 'view.split',
    title: 'Split right',
    group: 'View',
    keys: ['mod+\\'],
    isEnabled: (bench) => hasTab(bench) && bench.tabs.canSplit,
    run: (bench) => withActiveTab(bench, (tab) => splitRight(bench, tab)),
  },
  {
    id: 'view.tab-to-next-group',
    title: 'Move tab to the next group',
    group: 'View',
    isEnabled: canMove(1),
    run: (bench) => withActiveTab(bench, (tab) => moveAcross(bench, tab, 1)),
  },
  {
    id: 'view.tab-to-previous-group',
    title: 'Move tab to the previous group',
    group: 'View',
    isEnabled: canMove(-1),
    run: (bench) => withActiveTab(bench, (tab) => moveAcross(bench, tab, -1)),
  },
  {
    id: 'view.tab-right',
    title: 'Move tab right',
    group: 'View',
    keys: ['alt+shift+pagedown'],
    isEnabled: hasTab,
    run: (bench) => withActiveTab(bench, (tab) => moveAlong(bench, tab, 1)),
  },
  {
    id: 'view.tab-left',
    title: 'Move tab left',
    group: 'View',
    keys: ['alt+shift+pageup'],
    isEnabled: hasTab,
    run: (bench) => withActiveTab(bench, (tab) => moveAlong(bench, tab, -1)),
  },
  {
    id: 'view.side',
    title: 'Toggle side panel',
    group: 'View',
    keys: ['mod+b'],
    run: (bench) => toggleSide(bench),
  },
  {
    id: 'view.files',
    title: 'Show files',
    group: 'View',
    keys: ['mod+shift+e'],
    run: (bench) => showFiles(bench),
  },
  {
    id: 'view.search',
    title: 'Search in files',
    group: 'View',
    keys: ['mod+shift+f'],
    run: (bench) => searchText(bench),
  },
  {
    id: 'view.replace',
    title: 'Replace in files',
    group: 'View',
    keys: ['mod+shift+h'],
    isEnabled: canEdit,
    run: (bench) => searchText(bench, { isReplacing: true }),
  },
  { id: 'view.git', title: 'Show changes (Git)', group: 'View', run: (bench) => showView(bench, 'git') },
  { id: 'view.history', title: 'Show history', group: 'View', run: (bench) => showView(bench, 'history') },
  { id: 'view.agents', title: 'Show agents', group: 'View', run: (bench) => showView(bench, 'agents') },
  { id: 'view.ports', title: 'Show ports', group: 'View', run: (bench) => showView(bench, 'ports') },
  { id: 'view.processes', title: 'Show processes', group: 'View', run: (bench) => showView(bench, 'processes') },
  {
    id: 'view.terminal',
    title: 'Toggle terminal',
    group: 'View',
    keys: ['ctrl+`', 'mod+j'],
    run: (bench) => toggleTerminal(bench),
  },
  {
    id: 'view.preview',
    title: 'Toggle preview',
    group: 'View',
    keys: ['alt+v'],
    run: (bench) => togglePreview(bench),
  },
  {
    id: 'view.help',
    title: 'Keyboard shortcuts',
    group: 'View',
    keys: ['?'],
    run: (bench) => bench.overlay.set({ kind: 'help' }),
  },
  {
    id: 'run.toggle',
    title: 'Run or stop',
    group: 'Run',
    keys: ['mod+enter', 'f5'],
    isEnabled: canWork,
    run: (bench) => toggleRun(bench),
  },
  {
    id: 'run.configure',
    title: 'Change what Run does',
    group: 'Run',
    isEnabled: canEdit,
    run: (bench) => bench.overlay.set({ kind: 'run-settings' }),
  },
  {
    id: 'terminal.new',
    title: 'New terminal',
    group: 'Terminal',
    keys: ['ctrl+shift+`'],
    isEnabled: canWork,
    run: (bench) => newTerminal(bench),
  },
  {
    id: 'terminal.split',
    title: 'Split terminal',
    group: 'Terminal',
    keys: ['ctrl+shift+5'],
    isEnabled: (bench) => canWork(bench) && canSplitTerminal(bench),
    run: (bench) => splitTerminal(bench),
  },
  {
    id: 'terminal.next',
    title: 'Focus the next terminal',
    group: 'Terminal',
    keys: ['alt+3'],
    isEnabled: hasTerminal,
    run: (bench) => stepTerminal(bench, 1),
  },
  {
    id: 'terminal.previous',
    title: 'Focus the previous terminal',
    group: 'Terminal',
    keys: ['alt+4'],
    isEnabled: hasTerminal,
    run: (bench) => stepTerminal(bench, -1),
  },
  {
    id: 'terminal.find',
    title: 'Find in terminal',
    group: 'Terminal',
    keys: ['alt+f'],
    isEnabled: hasTerminal,
    run: (bench) => findInTerminal(bench),
  },
  {
    id: 'terminal.clear',
    title: 'Clear terminal',
    group: 'Terminal',
    isEnabled: hasTerminal,
    run: (bench) => bench.terminalBridge.clear(),
  },
  {
    id: 'terminal.text',
    title: 'Show terminal output as text',
    group: 'Terminal',
    isEnabled: hasTerminal,
    run: (bench) => bench.terminalBridge.openText(),
  },
  {
    id: 'terminal.restart',
    title: 'Restart shell',
    group: 'Terminal',
    isEnabled: (bench) => canWork(bench) && canRestartTerminal(bench),
    run: (bench) => restartTerminal(bench, bench.terminals.state.getSnapshot().activeId),
  },
  {
    id: 'terminal.kill',
    title: 'Close terminal',
    group: 'Terminal',
    isEnabled: (bench) => canEdit(bench) && hasTerminal(bench),
    run: (bench) => closeActiveTerminal(bench),
  },
  {
    id: 'repl.checkpoint',
    title: 'Take a checkpoint',
    group: 'REPL',
    keys: ['alt+c'],
    isEnabled: canEdit,
    run: (bench) => bench.overlay.set({ kind: 'checkpoint' }),
  },
  {
    id: 'repl.connect-agent',
    title: 'Connect an agent',
    group: 'REPL',
    run: (bench) => bench.overlay.set({ kind: 'connect-agent' }),
  },
  {
    id: 'repl.share',
    title: 'Share',
    group: 'REPL',
    isEnabled: isOwner,
    run: (bench) => bench.overlay.set({ kind: 'share' }),
  },
  {
    id: 'repl.variables',
    title: 'Environment variables',
    group: 'REPL',
    isEnabled: canEdit,
    run: (bench) => bench.overlay.set({ kind: 'variables' }),
  },
  {
    id: 'repl.rename',
    title: 'Rename REPL',
    group: 'REPL',
    isEnabled: isOwner,
    run: (bench) => bench.overlay.set({ kind: 'rename' }),
  },
  {
    id: 'repl.keep',
    title: 'Keep this temporary REPL',
    group: 'REPL',
    isEnabled: (bench) => isOwner(bench) && isTemporary(bench.repl.state.getSnapshot().view),
    run: (bench) => void bench.repl.keep(),
  },
  {
    id: 'repl.keep-awake',
    title: `Keep awake for ${KEEP_AWAKE_HOURS} hours`,
    group: 'REPL',
    isEnabled: canWork,
    run: (bench) => void bench.repl.keepAwake(KEEP_AWAKE_HOURS * 60),
  },
  {
    id: 'repl.let-sleep',
    title: 'Let it sleep when nothing happens',
    group: 'REPL',
    isEnabled: (bench) => canEdit(bench) && bench.repl.state.getSnapshot().view.awakeUntil !== undefined,
    run: (bench) => void bench.repl.keepAwake(0),
  },
  {
    id: 'repl.stop',
    title: 'Stop REPL',
    group: 'REPL',
    isEnabled: canEdit,
    run: (bench) => void bench.repl.stop(),
  },
]
