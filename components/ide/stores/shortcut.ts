import { keysOn } from '#components/ui/keys.ts'

/** What a key event has to say about itself. */
export interface KeyPress {
  key: string
  code: string
  ctrlKey: boolean
  metaKey: boolean
  altKey: boolean
  shiftKey: boolean
}

/** Whether a key press is `keys`, written as in the command table: `mod+shift+p`, `ctrl+backquote`, `f5`. */
export function isPressed(keys: string, press: KeyPress, isMac: boolean): boolean {
  const parts = new Set(keysOn(keys, isMac))
  const key = [...parts].at(-1) ?? ''
  return (
    keyOf(press) === key &&
    press.metaKey === parts.has('meta') &&
    press.ctrlKey === parts.has('ctrl') &&
    press.altKey === parts.has('alt') &&
    // `?` and its like need Shift on some keyboards and not on others; a backquote is known by its place.
    (press.shiftKey === parts.has('shift') || (key.length === 1 && !/[a-z0-9`]/.test(key)))
  )
}

/** With Alt or Shift held, `key` is what the layout makes of it; letters and digits are then known by their place. With Ctrl and Shift, too. */
export function keyOf({ key, code, ctrlKey, altKey, shiftKey }: KeyPress): string {
  if (code === 'Backquote') return '`'
  const place = /^(?:Key|Digit)(.)$/.exec(code)?.[1]
  if ((altKey || shiftKey) && place !== undefined && key.length === 1 && /[\p{L}\d]/u.test(key))
    return place.toLowerCase()
  if ((altKey || (ctrlKey && shiftKey)) && place !== undefined) return place.toLowerCase()
  return key.toLowerCase()
}
