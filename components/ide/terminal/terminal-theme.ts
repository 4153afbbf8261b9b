import type { ITheme } from '@xterm/xterm'
import { token } from '../theme-tokens.ts'

/** The terminal's colours: the page's own tokens in the places of the sixteen that programs ask for. */
export function terminalTheme(): ITheme {
  return {
    background: token('--grey-1'),
    foreground: token('--grey-12'),
    cursor: token('--focus'),
    cursorAccent: token('--grey-1'),
    selectionBackground: `${token('--focus')}52`,
    selectionInactiveBackground: `${token('--grey-8')}52`,
    black: token('--grey-3'),
    red: token('--failed'),
    green: token('--ok'),
    yellow: token('--attention'),
    blue: token('--person-1'),
    magenta: token('--person-6'),
    cyan: token('--person-8'),
    white: token('--grey-11'),
    brightBlack: token('--grey-9'),
    brightRed: token('--person-7'),
    brightGreen: token('--person-5'),
    brightYellow: token('--person-2'),
    brightBlue: token('--accent-text'),
    brightMagenta: token('--person-4'),
    brightCyan: token('--person-3'),
    brightWhite: token('--grey-12'),
  }
}
