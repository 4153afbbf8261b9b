import { keyOf } from './shortcut.ts'
import type { KeyPress } from './shortcut.ts'

/** What was pressed, or why it cannot be a shortcut; `undefined` while only keys like Ctrl are down. */
export type Pressed = { keys: string } | { refused: string } | undefined

/** Browsers keep them from pages: https://github.com/coder/code-server/issues/1198. */
const BROWSERS = new Set(['mod+w', 'mod+t', 'mod+n', 'mod+q', 'mod+tab', 'mod+shift+w', 'mod+shift+t', 'mod+shift+n'])
const EDITORS = new Set(['mod+c', 'mod+x', 'mod+v', 'mod+a', 'mod+z', 'mod+y', 'mod+shift+z'])
const HELD = new Set(['control', 'meta', 'alt', 'shift', 'altgraph', 'capslock', 'dead', 'process', 'unidentified'])
const FUNCTION_KEY = /^f([1-9]|1[0-2])$/

/** A key press as the command table writes it, `mod+shift+p`, so that `isPressed` knows it again. */
export function pressedKeys(press: KeyPress, isMac: boolean): Pressed {
  const key = keyOf(press)
  if (HELD.has(key)) return undefined
  if (key === '+' || key === ' ') return { refused: 'This key cannot be part of a shortcut. Press others.' }
  const isMod = isMac ? press.metaKey : press.ctrlKey
  const isOther = isMac ? press.ctrlKey : press.metaKey
  const isSymbol = key.length === 1 && !/[a-z0-9`]/.test(key)
  const keys = [
    ...(isMod ? ['mod'] : []),
    // On a Mac, Option with a character comes with Control: `keysOn`.
    ...(isOther && !(isMac && press.altKey && key.length === 1) ? [isMac ? 'ctrl' : 'meta'] : []),
    ...(press.altKey ? ['alt'] : []),
    ...(press.shiftKey && !isSymbol ? ['shift'] : []),
    key,
  ].join('+')
  if (isMac && press.altKey && !press.ctrlKey && key.length === 1)
    return { refused: 'Option with this key types a character. Hold Control, too.' }
  if (!isMod && !isOther && !press.altKey && !FUNCTION_KEY.test(key))
    return { refused: 'This is typed into files and terminals. Hold Ctrl, Alt or ⌘, or take F1 to F12.' }
  if (BROWSERS.has(keys) || (press.altKey && key === 'f4')) return { refused: 'The browser keeps these for itself.' }
  if (EDITORS.has(keys)) return { refused: 'These are for copying, pasting and undoing.' }
  return { keys }
}
