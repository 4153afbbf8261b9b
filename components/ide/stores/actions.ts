import type { Workbench } from './workbench.ts'

interface OpenFileOptions {
  /** A look only: the next one takes its tab, and the focus stays where it is. */
  isPreview?: boolean
  line?: number
}

/** Shows a file in the editor, at a line if one is given. */
export function openFile(bench: Workbench, path: string, options: OpenFileOptions = {}): void {
  bench.tabs.open(path, { isPreview: options.isPreview ?? false })
  bench.memory.patch({ pane: 'editor' })
  if (options.isPreview !== true) bench.editor.goTo(path, options.line)
}

/** Closes a tab; what is typed is saved first, and if that fails the person is asked. */
export async function closeTab(bench: Workbench, path: string): Promise<void> {
  const document = bench.documents.get(path)
  if (document?.isUnsaved === true) {
    await document.save()
    if (document.isUnsaved) return bench.overlay.set({ kind: 'close-unsaved', path })
  }
  bench.tabs.close(path)
}

/** Closes a tab and forgets what was typed there. */
export async function discardTab(bench: Workbench, path: string): Promise<void> {
  const document = bench.documents.get(path)
  bench.tabs.close(path)
  bench.documents.close(path)
  bench.overlay.set({ kind: 'none' })
  await document?.discard()
}

export function closeOtherTabs(bench: Workbench, path: string): void {
  for (const tab of bench.tabs.state.getSnapshot().tabs) if (tab.path !== path) void closeTab(bench, tab.path)
}

export function reveal(bench: Workbench, path: string): void {
  bench.showSide('files')
  bench.showPane('files')
  void bench.tree.reveal(path)
}

/** Asks in the tree for the name of a new file or folder; `''` is the workspace's top. */
export function beginCreate(bench: Workbench, kind: 'file' | 'folder', folder = ''): void {
  bench.showSide('files')
  bench.showPane('files')
  bench.creating.set({ kind, folder })
  if (folder !== '') bench.tree.setExpanded([...new Set([...bench.tree.state.getSnapshot().expanded, folder])])
}

export function toggleSide(bench: Workbench): void {
  bench.showSide(bench.memory.layout.getSnapshot().side === null ? 'files' : null)
}

export function toggleTerminal(bench: Workbench): void {
  const isOpen = !bench.memory.layout.getSnapshot().isPanelOpen
  bench.memory.patch({ isPanelOpen: isOpen, pane: isOpen ? 'terminal' : 'editor' })
  // A hidden terminal takes no focus: after it is drawn.
  if (isOpen) setTimeout(() => bench.terminalBridge.focus())
  else bench.editor.focus()
}

export function focusEditor(bench: Workbench): void {
  bench.showPane('editor')
  bench.editor.focus()
}

export function focusTerminal(bench: Workbench): void {
  bench.memory.patch({ isPanelOpen: true, pane: 'terminal' })
  setTimeout(() => bench.terminalBridge.focus())
}

export function findInTerminal(bench: Workbench): void {
  bench.memory.patch({ isPanelOpen: true, pane: 'terminal' })
  // After it is drawn; the box takes the focus by itself, and what is typed must not go to the shell.
  setTimeout(() => bench.terminalBridge.openFind())
}

export function newTerminal(bench: Workbench): void {
  bench.memory.patch({ isPanelOpen: true, pane: 'terminal' })
  bench.terminalBridge.focusNext()
  void bench.attempt(() => bench.terminals.create())
}

/** Brings a terminal to the front. */
export function showTerminal(bench: Workbench, id: string): void {
  bench.terminals.activate(id)
  focusTerminal(bench)
}

export function closeActiveTerminal(bench: Workbench): void {
  const { activeId } = bench.terminals.state.getSnapshot()
  if (activeId !== undefined) void bench.attempt(() => bench.terminals.close(activeId))
}

export function toggleRun(bench: Workbench): void {
  if (bench.run.isRunning) return void bench.attempt(() => bench.run.stop())
  bench.memory.patch({ isPanelOpen: true })
  void bench.attempt(async () => {
    await bench.documents.saveAll()
    await bench.run.start()
  })
}

export function togglePreview(bench: Workbench): void {
  if (bench.preview.state.getSnapshot().kind !== 'none') return bench.preview.close()
  const port = bench.run.state.getSnapshot()?.port ?? bench.run.ports.getSnapshot()[0]?.port
  if (port === undefined) {
    return bench.notify({ title: 'Nothing listens on a port yet.', description: 'Run the project first.' })
  }
  bench.showPane('preview')
  void bench.preview.open(port)
}
