const MAC: Record<string, string> = {
  meta: '⌘',
  ctrl: '⌃',
  alt: '⌥',
  shift: '⇧',
  enter: '↩',
  backspace: '⌫',
  escape: 'Esc',
}
const OTHERS: Record<string, string> = {
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
  arrowup: '↑',
  arrowdown: '↓',
  arrowleft: '←',
  arrowright: '→',
  up: '↑',
  down: '↓',
  left: '←',
  right: '→',
  space: 'Space',
  plus: '+',
}

/**
 * The keys in `mod+shift+p` on this platform: `mod` is ⌘ on a Mac, and `alt` with a character is ⌃⌥ there, since ⌥ alone
 * types what many keyboards have no other way to type: `@`, `|`, `[`, `ń`.
 */
export function keysOn(keys: string, isMac: boolean): string[] {
  const parts = keys.split('+')
  const doesType = parts.at(-1)?.length === 1
  return parts.flatMap((key) => {
    if (key === 'mod') return [isMac ? 'meta' : 'ctrl']
    return key === 'alt' && isMac && doesType ? ['ctrl', 'alt'] : [key]
  })
}

/** The names of the keys in `mod+shift+p`, as printed on this platform's keyboard. */
export function keyNames(keys: string, isMac: boolean): string[] {
  const names = isMac ? MAC : OTHERS
  return keysOn(keys, isMac).map((key) => names[key] ?? BOTH[key] ?? (/^(.|f\d+)$/.test(key) ? key.toUpperCase() : key))
}
