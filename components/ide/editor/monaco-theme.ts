import type * as Api from 'monaco-editor/editor/editor.api.js'
import { isDark, token } from '../theme-tokens.ts'
import type { Theme } from '../theme-tokens.ts'

export const EDITOR_THEME = 'devex'

/** The editor colours brackets by depth; ours are as quiet as other punctuation. */
const BRACKET_LEVELS = [1, 2, 3, 4, 5, 6]

function colour(name: `--${string}`): string {
  return token(name).replace('#', '')
}

/** (Re)defines the editor's theme from the tokens as they stand: called at first and whenever the page's theme changes. */
export function defineTheme(monaco: typeof Api, theme: Theme): void {
  monaco.editor.defineTheme(EDITOR_THEME, {
    base: isDark(theme) ? 'vs-dark' : 'vs',
    inherit: true,
    rules: syntaxRules(),
    colors: editorColors(),
  })
}

function syntaxRules(): Api.editor.ITokenThemeRule[] {
  return [
    { token: '', foreground: colour('--grey-12') },
    { token: 'comment', foreground: colour('--grey-9'), fontStyle: 'italic' },
    { token: 'keyword', foreground: colour('--person-6') },
    { token: 'operator', foreground: colour('--grey-11') },
    { token: 'delimiter', foreground: colour('--grey-10') },
    { token: 'string', foreground: colour('--ok') },
    { token: 'string.escape', foreground: colour('--person-3') },
    { token: 'regexp', foreground: colour('--person-3') },
    { token: 'number', foreground: colour('--person-2') },
    { token: 'constant', foreground: colour('--person-2') },
    { token: 'type', foreground: colour('--person-8') },
    { token: 'tag', foreground: colour('--person-1') },
    { token: 'attribute.name', foreground: colour('--person-8') },
    { token: 'attribute.value', foreground: colour('--ok') },
    { token: 'key', foreground: colour('--person-1') },
    { token: 'string.key.json', foreground: colour('--person-1') },
    { token: 'variable', foreground: colour('--grey-12') },
    { token: 'annotation', foreground: colour('--person-4') },
  ]
}

function editorColors(): Api.editor.IColors {
  const focus = token('--focus')
  return {
    'editor.background': token('--grey-1'),
    'editor.foreground': token('--grey-12'),
    'editorLineNumber.foreground': token('--grey-8'),
    'editorLineNumber.activeForeground': token('--grey-11'),
    'editor.lineHighlightBackground': token('--grey-2'),
    'editor.lineHighlightBorder': '#00000000',
    'editor.selectionBackground': `${focus}52`,
    'editor.inactiveSelectionBackground': `${focus}2e`,
    'editor.wordHighlightBackground': `${focus}24`,
    'editor.findMatchBackground': `${token('--attention')}66`,
    'editor.findMatchHighlightBackground': `${token('--attention')}33`,
    'editorCursor.foreground': focus,
    ...Object.fromEntries(
      BRACKET_LEVELS.map((level) => [`editorBracketHighlight.foreground${level}`, token('--grey-10')]),
    ),
    'editorIndentGuide.background1': token('--grey-4'),
    'editorIndentGuide.activeBackground1': token('--grey-7'),
    'editorWhitespace.foreground': token('--grey-6'),
    'editorBracketMatch.background': `${focus}33`,
    'editorBracketMatch.border': '#00000000',
    'editorWidget.background': token('--raised'),
    'editorWidget.border': token('--grey-7'),
    'editorWidget.foreground': token('--grey-12'),
    'editorHoverWidget.background': token('--raised'),
    'editorSuggestWidget.background': token('--raised'),
    'editorSuggestWidget.selectedBackground': token('--grey-5'),
    'editorSuggestWidget.highlightForeground': token('--accent-text'),
    'editorGutter.background': token('--grey-1'),
    'editorOverviewRuler.border': '#00000000',
    'editorError.foreground': token('--failed'),
    'editorWarning.foreground': token('--attention'),
    'input.background': token('--grey-1'),
    'input.border': token('--grey-8'),
    'input.foreground': token('--grey-12'),
    'inputOption.activeBackground': token('--accent-soft'),
    'inputOption.activeForeground': token('--accent-text'),
    'menu.background': token('--raised'),
    'menu.foreground': token('--grey-12'),
    'menu.selectionBackground': token('--grey-4'),
    'quickInput.background': token('--raised'),
    'quickInput.foreground': token('--grey-12'),
    'quickInputList.focusBackground': token('--grey-5'),
    'quickInputList.focusForeground': token('--grey-12'),
    'list.hoverBackground': token('--grey-4'),
    'list.focusBackground': token('--grey-5'),
    'list.activeSelectionBackground': token('--grey-5'),
    'list.highlightForeground': token('--accent-text'),
    'pickerGroup.border': token('--grey-6'),
    focusBorder: focus,
    'scrollbar.shadow': '#00000000',
    'scrollbarSlider.background': `${token('--grey-8')}4d`,
    'scrollbarSlider.hoverBackground': `${token('--grey-8')}80`,
    'scrollbarSlider.activeBackground': `${token('--grey-8')}99`,
    'editorStickyScroll.background': token('--grey-1'),
    'editorStickyScrollHover.background': token('--grey-3'),
    'diffEditor.insertedTextBackground': `${token('--ok')}33`,
    'diffEditor.removedTextBackground': `${token('--failed')}33`,
    'diffEditor.insertedLineBackground': `${token('--ok')}1a`,
    'diffEditor.removedLineBackground': `${token('--failed')}1a`,
    'minimap.background': token('--grey-1'),
  }
}
