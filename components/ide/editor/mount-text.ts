import { monoFont } from '../theme-tokens.ts'
import { monaco } from './load-monaco.ts'
import { EDITOR_THEME, defineTheme } from './monaco-theme.ts'
import type { Theme } from '../theme-tokens.ts'

/** Shows a text that cannot be changed, coloured as its file's language. */
export function mountText(
  element: HTMLElement,
  { path, text, theme }: { path: string; text: string; theme: Theme },
): Disposable {
  defineTheme(monaco, theme)
  const model = monaco.editor.createModel(text, undefined, monaco.Uri.parse(`backup:///${path}`))
  const editor = monaco.editor.create(element, {
    model,
    automaticLayout: true,
    readOnly: true,
    domReadOnly: true,
    ariaLabel: `${path}, read-only`,
    fontFamily: monoFont(),
    minimap: { enabled: false },
    scrollBeyondLastLine: false,
    theme: EDITOR_THEME,
  })
  return {
    [Symbol.dispose]() {
      editor.dispose()
      model.dispose()
    },
  }
}
