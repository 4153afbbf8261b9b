import './as-in-browser.ts'
import { FitAddon } from '@xterm/addon-fit'
import { SearchAddon } from '@xterm/addon-search'
import { UnicodeGraphemesAddon } from '@xterm/addon-unicode-graphemes'
import { WebLinksAddon } from '@xterm/addon-web-links'
import { Terminal } from '@xterm/xterm'
import { isDeviceReport } from '#protocol/device-report.ts'
import { harmlessPaste } from '../stores/harmless-paste.ts'
import { PASTE_CONFIRM_LINES } from '../stores/limits.ts'
import { ownAddress } from '../stores/own-address.ts'
import type { OpenTerminal } from '../stores/terminals.ts'
import { monoFont } from '../theme-tokens.ts'
import type { Theme } from '../theme-tokens.ts'
import { followClipboard } from './clipboard.ts'
import { terminalTheme } from './terminal-theme.ts'
import { drawWithGpu } from './gpu.ts'

const SCROLLBACK_ROWS = 10_000
const LINE_HEIGHT = 1.25

export interface MountOptions {
  terminal: OpenTerminal
  /** Accessible name of the input. */
  label: string
  fontSize: number
  /** Whether the person may type, until `setCanType` says otherwise. */
  canType: boolean
  /** Somebody pastes several lines: they are sent when `proceed` is called. */
  onLongPaste: (text: string, proceed: () => void) => void
  /** Somebody follows the address of a program that runs in the REPL. */
  onOwnLink: (port: number, path: string) => void
  /** Typed text was not taken: too much waits for the connection. */
  onRefused: () => void
}

/** A terminal on the page. */
export interface MountedTerminal extends Disposable {
  readonly search: SearchAddon
  focus(): void
  clear(): void
  /** Types for the person: the key bar of phones. */
  type(text: string): void
  /** Visible now: takes the GPU while it is, and its pane's size. */
  setShown(isShown: boolean): void
  setCanType(canType: boolean): void
  setTheme(theme: Theme): void
  setFontSize(pixels: number): void
  /** Whether a screen reader hears what is printed. */
  setReadAloud(isReadAloud: boolean): void
  /** Whether a Mac's Option key is Meta. */
  setOptionIsMeta(isMeta: boolean): void
}

/** Draws a terminal into `element` and joins it to its feed: the one place that knows xterm. */
export function mountTerminal(element: HTMLElement, options: MountOptions): MountedTerminal {
  const { feed, size } = options.terminal
  let { canType } = options
  const xterm = new Terminal({
    allowProposedApi: true,
    cursorBlink: canType,
    cursorInactiveStyle: 'outline',
    disableStdin: !canType,
    fontFamily: monoFont(),
    fontSize: options.fontSize,
    lineHeight: LINE_HEIGHT,
    // Unless the person wants otherwise: Option types what many keyboards have no other way to type: @, |, [, ~.
    macOptionIsMeta: false,
    scrollback: SCROLLBACK_ROWS,
    theme: terminalTheme(),
  })
  const fit = new FitAddon()
  const search = new SearchAddon()
  xterm.loadAddon(fit)
  xterm.loadAddon(search)
  xterm.loadAddon(new UnicodeGraphemesAddon())
  xterm.loadAddon(new WebLinksAddon((event, url) => openLink(event, url, options.onOwnLink)))
  xterm.open(element)
  xterm.textarea?.setAttribute('aria-label', options.label)
  const gpu = drawWithGpu(xterm)

  const type = (text: string): void => {
    if (!canType) return
    // What a program asks of terminals is answered by every page that shows it: that is no use of it by a person.
    if (!isDeviceReport(text)) size.claim()
    if (!feed.type(text)) options.onRefused()
  }
  const point = (data: string): void => {
    if (!canType) return
    size.claim()
    if (!feed.typeBytes(Uint8Array.from(data, (char) => char.charCodeAt(0)))) options.onRefused()
  }
  const paste = (pasted: string): void => {
    const text = harmlessPaste(pasted)
    const lines = text.trimEnd().split('\n').length
    if (lines >= PASTE_CONFIRM_LINES) options.onLongPaste(text, () => xterm.paste(text))
    else xterm.paste(text)
  }
  const refit = (): void => {
    const room = fit.proposeDimensions()
    if (room !== undefined && room.cols >= MIN_COLS) size.fit({ cols: Math.min(room.cols, MAX_COLS), rows: room.rows })
  }
  const applySize = (): void => {
    const shown = size.shown.getSnapshot()
    if (shown !== undefined) xterm.resize(shown.cols, shown.rows)
  }
  const claimIfTyping = (): void => {
    if (canType) size.claim()
  }

  const observer = new ResizeObserver(refit)
  observer.observe(element)
  const stopSize = size.shown.subscribe(applySize)
  const stopClipboard = followClipboard(element, xterm, paste)
  xterm.onData(type)
  xterm.onBinary(point)
  xterm.textarea?.addEventListener('focus', claimIfTyping)
  applySize()
  refit()
  if (document.hasFocus()) claimIfTyping()
  // Measured with the fallback face until ours is there.
  void document.fonts.load(`${options.fontSize}px ${monoFont()}`).then(() => {
    xterm.options.fontFamily = `${monoFont()}, monospace`
    refit()
  })
  feed.show({ write: (bytes, rendered) => xterm.write(bytes, rendered), reset: () => xterm.reset() })

  return {
    search,
    focus: () => xterm.focus(),
    clear: () => xterm.clear(),
    type,
    setShown(isShown) {
      gpu.setActive(isShown)
      if (isShown) refit()
    },
    setCanType(may) {
      canType = may
      xterm.options.disableStdin = !may
      xterm.options.cursorBlink = may
    },
    setTheme() {
      // The tokens have changed by now.
      xterm.options.theme = terminalTheme()
    },
    setFontSize(pixels) {
      xterm.options.fontSize = pixels
      refit()
    },
    setReadAloud(isReadAloud) {
      xterm.options.screenReaderMode = isReadAloud
    },
    setOptionIsMeta(isMeta) {
      xterm.options.macOptionIsMeta = isMeta
    },
    [Symbol.dispose]() {
      feed.hide()
      observer.disconnect()
      stopSize()
      stopClipboard()
      xterm.dispose()
    },
  }
}

/** The protocol's own bounds of a terminal's size. */
const MIN_COLS = 2
const MAX_COLS = 1000

function openLink(event: MouseEvent, url: string, onOwnLink: MountOptions['onOwnLink']): void {
  if (!event.ctrlKey && !event.metaKey) return
  const own = ownAddress(url)
  if (own === undefined) window.open(url, '_blank', 'noopener,noreferrer')
  else onOwnLink(own.port, own.path)
}
