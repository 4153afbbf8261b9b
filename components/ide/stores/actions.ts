import type { Place as PlaceOfPerson } from '#protocol/people.ts'
import type { FoundMatch } from '#protocol/text-search.ts'
import type { Place } from './editor-bridge.ts'
import { failedFiles } from './failed-files.ts'
import type { SideView } from './layout.ts'
import type { ChosenMatches } from './replace-found.ts'
import { foundKey } from './text-search.ts'
import type { Workbench } from './workbench.ts'

interface OpenFileOptions {
  /** A look only: the next one takes its tab, and the focus stays where it is. */
  isPreview?: boolean
  place?: Place
}

/** Shows a file in the editor, at a place if one is given. */
export function openFile(bench: Workbench, path: string, options: OpenFileOptions = {}): void {
  bench.tabs.open(path, { isPreview: options.isPreview ?? false })
  bench.memory.patch({ pane: 'editor' })
  const { isPreview, place } = options
  if (isPreview !== true || place !== undefined) bench.editor.goTo(path, place)
}

/** Shows a view of the side panel, which on a phone is a pane. */
export function showView(bench: Workbench, view: SideView): void {
  bench.showSide(view)
  bench.showPane('files')
}

export function reveal(bench: Workbench, path: string): void {
  showView(bench, 'files')
  void bench.tree.reveal(path)
}

/** Asks in the tree for the name of a new file or folder; `''` is the workspace's top. */
export function beginCreate(bench: Workbench, kind: 'file' | 'folder', folder = ''): void {
  showView(bench, 'files')
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

/** Shows where somebody is. `isLook`: the focus stays where it is. What is not there any more is not shown. */
export function showPlace(bench: Workbench, place: PlaceOfPerson, { isLook = false } = {}): void {
  if ('file' in place) return openFile(bench, place.file, { isPreview: isLook })
  if (!bench.terminals.state.getSnapshot().list.some(({ id }) => id === place.terminal)) return
  if (!isLook) return showTerminal(bench, place.terminal)
  bench.terminals.activate(place.terminal)
  bench.memory.patch({ isPanelOpen: true, pane: 'terminal' })
}

export function closeActiveTerminal(bench: Workbench): void {
  const { activeId } = bench.terminals.state.getSnapshot()
  if (activeId !== undefined) closeTerminal(bench, activeId)
}

/** Closes a terminal; asks first where a program would end with it. */
export function closeTerminal(bench: Workbench, id: string): void {
  void bench.attempt(async () => {
    const commands = await bench.terminals.closeIfIdle(id)
    if (commands.length > 0) bench.overlay.set({ kind: 'close-terminal', id, commands })
  })
}

export function toggleRun(bench: Workbench): void {
  if (bench.run.isRunning) return void bench.attempt(() => bench.run.stop())
  bench.memory.patch({ isPanelOpen: true, pane: 'terminal' })
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

/** Shows the search; what is selected in the editor is what is looked for. */
export function searchText(bench: Workbench, options: { include?: string; isReplacing?: boolean } = {}): void {
  const selected = bench.editor.selectedText()
  if (selected !== undefined && selected !== '') bench.search.edit({ text: selected, isRegex: false })
  if (options.include !== undefined) bench.search.edit({ include: options.include })
  bench.search.shown.update(({ replacement, places }) => ({
    replacement: replacement || options.isReplacing === true,
    places: places || options.include !== undefined,
  }))
  showView(bench, 'search')
  bench.search.isFocusWanted.set(true)
}

/** Replaces some of what was found, and tells what could not be. */
export async function replaceFound(bench: Workbench, chosen: readonly ChosenMatches[]): Promise<void> {
  const failed = await bench.replacing.replace(chosen)
  if (failed.length > 0) bench.notify(failedFiles('changed', failed, chosen.length))
}

/** Takes the last replacement back. */
export async function undoReplace(bench: Workbench): Promise<void> {
  const state = bench.replacing.state.getSnapshot()
  const failed = await bench.replacing.undo()
  if (failed.length > 0 && state.kind === 'replaced') bench.notify(failedFiles('put back', failed, state.before.length))
}

/** Goes to the next place that was found, or to the one before; after the last comes the first. */
export function stepFound(bench: Workbench, by: 1 | -1): void {
  const places = bench.search.state
    .getSnapshot()
    .files.flatMap(({ path, matches }) => matches.map((match) => ({ path, match })))
  const chosen = bench.search.chosen.getSnapshot()
  const at = places.findIndex(({ path, match }) => foundKey(path, match) === chosen)
  const next = places.at(at === -1 ? Math.min(0, by) : (at + by) % places.length)
  if (next !== undefined) showFound(bench, next)
}

interface FoundPlace {
  path: string
  match: FoundMatch
  /** The focus stays where it is. */
  isLook?: boolean
}

/** Shows a place that was found in the editor. */
export function showFound(bench: Workbench, { path, match, isLook = false }: FoundPlace): void {
  const { line, start, length } = match
  bench.search.chosen.set(foundKey(path, match))
  openFile(bench, path, { isPreview: isLook, place: { line, column: start + 1, length, isLook } })
}
