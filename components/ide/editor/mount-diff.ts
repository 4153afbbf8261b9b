import { monoFont } from '../theme-tokens.ts'
import { monaco } from './load-monaco.ts'
import { EDITOR_THEME, defineTheme } from './monaco-theme.ts'
import type { Theme } from '../theme-tokens.ts'

interface DiffOptions {
  path: string
  theirs: string
  mine: string
  /** What the two sides are, for screen readers. */
  labels?: { theirs: string; mine: string }
  theme: Theme
}

/** Shows two texts of one file side by side. */
export function mountDiff(element: HTMLElement, { path, theirs, mine, labels, theme }: DiffOptions): Disposable {
  defineTheme(monaco, theme)
  const original = monaco.editor.createModel(theirs, undefined, monaco.Uri.parse(`theirs:///${path}`))
  const modified = monaco.editor.createModel(mine, undefined, monaco.Uri.parse(`mine:///${path}`))
  const editor = monaco.editor.createDiffEditor(element, {
    automaticLayout: true,
    readOnly: true,
    originalAriaLabel: labels?.theirs ?? 'What is on disk',
    modifiedAriaLabel: labels?.mine ?? 'What you have here',
    fontFamily: monoFont(),
    minimap: { enabled: false },
    scrollBeyondLastLine: false,
    theme: EDITOR_THEME,
  })
  editor.setModel({ original, modified })
  return {
    [Symbol.dispose]() {
      editor.dispose()
      original.dispose()
      modified.dispose()
    },
  }
}
