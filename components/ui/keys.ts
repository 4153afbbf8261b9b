const MAC: Record<string, string> = {
  mod: '⌘',
  meta: '⌘',
  ctrl: '⌃',
  alt: '⌥',
  shift: '⇧',
  enter: '↩',
  backspace: '⌫',
  escape: 'Esc',
}
const OTHERS: Record<string, string> = {
  mod: 'Ctrl',
  meta: 'Meta',
  ctrl: 'Ctrl',
  alt: 'Alt',
  shift: 'Shift',
  enter: 'Enter',
  backspace: 'Backspace',
  escape: 'Esc',
}
const BOTH: Record<string, string> = {
  pageup: 'PgUp',
  pagedown: 'PgDn',
  up: '↑',
  down: '↓',
  left: '←',
  right: '→',
  space: 'Space',
  plus: '+',
}

/** The names of the keys in `mod+shift+p`, as printed on this platform's keyboard. */
export function keyNames(keys: string, isMac: boolean): string[] {
  const names = isMac ? MAC : OTHERS
  return keys.split('+').map((key) => names[key] ?? BOTH[key] ?? (/^(.|f\d+)$/.test(key) ? key.toUpperCase() : key))
}
