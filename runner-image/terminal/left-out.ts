import type { Terminal } from '@xterm/headless/lib-headless/xterm-headless.mjs'

/** Private modes that the serializer does not write: the cursor's visibility and blinking, how the mouse is told of. */
const MODES = new Set([12, 25, 1005, 1006, 1015, 1016])
const HIDDEN_CURSOR = 25
/** More than all modes, margins, the cursor's place and its shape take. */
export const MAX_LEFT_OUT_BYTES = 200

type Params = (number | number[])[]

/**
 * What a serialised screen leaves out of a terminal's state: without the mouse's encoding a program takes no click, without
 * its margins it scrolls lines away that it means to stand.
 */
export class LeftOut {
  readonly #terminal: Terminal
  readonly #modes = new Map<number, 'h' | 'l'>()
  #margins: { top: number; bottom: number } | undefined
  #cursorStyle = 0

  constructor(terminal: Terminal) {
    this.#terminal = terminal
    const { parser } = terminal
    const follow = (id: Parameters<typeof parser.registerCsiHandler>[0], take: (params: Params) => void) =>
      parser.registerCsiHandler(id, (params) => {
        take(params)
        return false
      })
    for (const final of ['h', 'l'] as const) follow({ prefix: '?', final }, (params) => this.#take(params, final))
    // DECSTBM, DECSCUSR and DECSTR (ECMA-48, DEC's VT510 manual).
    follow({ final: 'r' }, ([top = 0, bottom = 0]) => this.#setMargins(Number(top), Number(bottom)))
    follow({ intermediates: ' ', final: 'q' }, ([style = 0]) => {
      this.#cursorStyle = Number(style)
    })
    follow({ intermediates: '!', final: 'p' }, () => {
      this.#modes.delete(HIDDEN_CURSOR)
      this.#margins = undefined
    })
    parser.registerEscHandler({ final: 'c' }, () => {
      this.#modes.clear()
      this.#margins = undefined
      this.#cursorStyle = 0
      return false
    })
  }

  /** The terminal has another size now: its margins are gone. */
  resized(): void {
    this.#margins = undefined
  }

  /** What brings a terminal that shows the screen to the rest of the state. */
  suffix(): string {
    const modes = [...this.#modes].map(([mode, state]) => `\u001B[?${mode}${state}`).join('')
    const style = this.#cursorStyle === 0 ? '' : `\u001B[${this.#cursorStyle} q`
    return this.#marginsAndCursor() + modes + style
  }

  /** Margins send the cursor home: it is put back where it was. */
  #marginsAndCursor(): string {
    if (this.#margins === undefined) return ''
    const { top, bottom } = this.#margins
    const { cursorX, cursorY } = this.#terminal.buffer.active
    const firstRow = this.#terminal.modes.originMode ? top : 1
    return `\u001B[${top};${bottom}r\u001B[${cursorY + 2 - firstRow};${cursorX + 1}H`
  }

  #take(params: Params, state: 'h' | 'l'): void {
    for (const mode of params) if (typeof mode === 'number' && MODES.has(mode)) this.#modes.set(mode, state)
  }

  #setMargins(top: number, bottom: number): void {
    const { rows } = this.#terminal
    const margins = { top: Math.max(1, top), bottom: bottom === 0 ? rows : Math.min(bottom, rows) }
    const isWhole = margins.top === 1 && margins.bottom === rows
    this.#margins = isWhole || margins.bottom <= margins.top ? undefined : margins
  }
}
