import type * as Api from 'monaco-editor/editor/editor.api.js'
import type { FileDocument } from '../stores/file-document.ts'
import type { Cursor, EditorHandle } from '../stores/editor-bridge.ts'
import { monoFont } from '../theme-tokens.ts'
import type { Models } from './models.ts'
import { EDITOR_THEME, defineTheme } from './monaco-theme.ts'
import type { Theme } from '../theme-tokens.ts'

const LINE_HEIGHT = 1.6

export interface EditorOptions {
  /** What the page's editors share. */
  models: Models
  theme: Theme
  isReadonly: boolean
  fontSize: number
  onCursor: (cursor: Cursor | undefined) => void
  onBlur: () => void
}

/** The editor on the page. */
export interface MountedEditor extends EditorHandle, Disposable {
  show(document: FileDocument | undefined): void
  /** Forgets where the reader was in files that are open here no more. */
  sweep(open: ReadonlySet<string>): void
  setReadonly(isReadonly: boolean): void
  setTheme(theme: Theme): void
  setFontSize(pixels: number): void
}

/** What people call a language: `javascript` → JavaScript. */
function languageName({ languages }: typeof Api, id: string): string {
  return languages.getLanguages().find((language) => language.id === id)?.aliases?.[0] ?? id
}

/** Draws the code editor into `element`: the one place that knows Monaco's editor. */
export function mountEditor(monaco: typeof Api, element: HTMLElement, options: EditorOptions): MountedEditor {
  defineTheme(monaco, options.theme)
  const { models } = options
  const viewStates = new Map<string, Api.editor.ICodeEditorViewState>()
  const editor = monaco.editor.create(element, {
    model: null,
    theme: EDITOR_THEME,
    ariaLabel: 'Editor',
    automaticLayout: true,
    readOnly: options.isReadonly,
    domReadOnly: options.isReadonly,
    readOnlyMessage: { value: 'You can look at this REPL, not change it.' },
    fontFamily: monoFont(),
    fontLigatures: false,
    fontSize: options.fontSize,
    lineHeight: LINE_HEIGHT,
    minimap: { enabled: false },
    padding: { top: 10, bottom: 10 },
    scrollBeyondLastLine: false,
    smoothScrolling: false,
    stickyScroll: { enabled: true },
    renderLineHighlight: 'all',
    lineNumbersMinChars: 3,
    glyphMargin: false,
    folding: true,
    bracketPairColorization: { enabled: false },
    overviewRulerBorder: false,
    hideCursorInOverviewRuler: true,
    fixedOverflowWidgets: true,
    unicodeHighlight: { ambiguousCharacters: true, nonBasicASCII: false },
    tabSize: 2,
    detectIndentation: true,
  })
  let shown: FileDocument | undefined

  const tellCursor = (): void => {
    const model = editor.getModel()
    const at = editor.getPosition()
    const selection = editor.getSelection()
    if (model === null || at === null) return options.onCursor(undefined)
    options.onCursor({
      line: at.lineNumber,
      column: at.column,
      selected: selection === null ? 0 : model.getValueLengthInRange(selection),
      language: languageName(monaco, model.getLanguageId()),
    })
  }
  editor.onDidChangeCursorSelection(tellCursor)
  editor.onDidChangeModel(tellCursor)
  editor.onDidChangeModelLanguage(tellCursor)
  editor.onDidBlurEditorText(options.onBlur)
  // Measured with the fallback face until ours is there.
  void document.fonts.load(`${options.fontSize}px ${monoFont()}`).then(() => monaco.editor.remeasureFonts())

  return {
    focus: () => editor.focus(),
    trigger: (action) => editor.trigger('keyboard', action, null),
    reveal({ line, column = 1, length = 0 }) {
      editor.setSelection(new monaco.Selection(line, column, line, column + length))
      editor.revealLineInCenterIfOutsideViewport(line)
    },
    selectedText() {
      const selection = editor.getSelection()
      if (selection === null || selection.startLineNumber !== selection.endLineNumber) return undefined
      return editor.getModel()?.getValueInRange(selection)
    },
    show(next) {
      const viewState = editor.saveViewState()
      if (shown !== undefined && viewState !== null) viewStates.set(shown.path, viewState)
      shown = next
      editor.setModel(next === undefined ? null : models.of(next))
      if (next !== undefined) editor.restoreViewState(viewStates.get(next.path) ?? null)
    },
    sweep(open) {
      for (const path of viewStates.keys()) if (!open.has(path)) viewStates.delete(path)
    },
    setReadonly: (isReadonly) => editor.updateOptions({ readOnly: isReadonly, domReadOnly: isReadonly }),
    setTheme(theme) {
      defineTheme(monaco, theme)
      monaco.editor.setTheme(EDITOR_THEME)
    },
    setFontSize: (fontSize) => editor.updateOptions({ fontSize }),
    [Symbol.dispose]: () => editor.dispose(),
  }
}
