import { FitAddon } from '@xterm/addon-fit'
import type { Terminal } from '@xterm/xterm'
import type { Size } from '../stores/terminal-size.ts'

/** The smallest text, in pixels, that a screen of somebody else's size is drawn with; what is larger still is scrolled. */
const MIN_FONT_PIXELS = 6
const FONT_STEP_PIXELS = 0.5

/** The protocol's own bounds of a terminal's size. */
const MIN_COLS = 2
const MAX_COLS = 1000

/**
 * Brings a screen and its pane together: how much fits into the pane with text as large as the person wants it, and how
 * small the text must be for a screen that is larger, because somebody else types in a larger pane.
 */
export class TerminalFit {
  readonly #element: HTMLElement
  readonly #xterm: Terminal
  readonly #addon = new FitAddon()
  /** As large as the person wants the text, in pixels. */
  #wanted: number

  constructor(element: HTMLElement, xterm: Terminal, fontSize: number) {
    this.#element = element
    this.#xterm = xterm
    this.#wanted = fontSize
    xterm.loadAddon(this.#addon)
  }

  setFontSize(pixels: number): void {
    this.#wanted = pixels
  }

  /** What fits into the pane; `undefined` while that has no size. */
  room(): Size | undefined {
    const room = this.#roomAt(this.#wanted)
    this.#shrink(room)
    return room
  }

  /** Draws a screen of this size. */
  show({ cols, rows }: Size): void {
    this.#xterm.resize(cols, rows)
    this.#shrink(this.#roomAt(this.#wanted))
  }

  #shrink(wanted: Size | undefined): void {
    if (wanted === undefined) return
    const { cols, rows } = this.#xterm
    let room: Size | undefined = wanted
    let pixels = toStep(this.#wanted * Math.min(1, wanted.cols / cols, wanted.rows / rows))
    // Cells are whole pixels in some renderers: what is right by proportion can be too large by a step.
    while (room !== undefined && !holds(room, { cols, rows }) && pixels >= MIN_FONT_PIXELS) {
      room = this.#roomAt(pixels)
      pixels -= FONT_STEP_PIXELS
    }
    this.#element.style.overflow = room === undefined || holds(room, { cols, rows }) ? '' : 'auto'
  }

  #roomAt(pixels: number): Size | undefined {
    if (this.#xterm.options.fontSize !== pixels) this.#xterm.options.fontSize = pixels
    const room = this.#addon.proposeDimensions()
    if (room === undefined || !(room.cols >= MIN_COLS)) return undefined
    return { cols: Math.min(room.cols, MAX_COLS), rows: room.rows }
  }
}

function holds(room: Size, { cols, rows }: Size): boolean {
  return room.cols >= cols && room.rows >= rows
}

function toStep(pixels: number): number {
  return Math.max(MIN_FONT_PIXELS, Math.floor(pixels / FONT_STEP_PIXELS) * FONT_STEP_PIXELS)
}
