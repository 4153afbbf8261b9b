import './as-in-browser.ts'
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
import { followClipboard, pasteFromClipboard } from './clipboard.ts'
import type { ClipboardOptions } from './clipboard.ts'
import { drawWithGpu } from './gpu.ts'
import { isFollowed } from './is-followed.ts'
import { linkPaths } from './path-links.ts'
import type { PathLinksOptions } from './path-links.ts'
import { TerminalFit } from './terminal-fit.ts'
import { textOf } from './terminal-text.ts'
import { terminalTheme } from './terminal-theme.ts'

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
  /** Files named in its output. */
  paths: PathLinksOptions
  /** Typed text was not taken: too much waits for the connection. */
  onRefused: () => void
  onClipboardRefused: ClipboardOptions['onRefused']
}

/** A terminal on the page. */
export interface MountedTerminal extends Disposable {
  readonly search: SearchAddon
  focus(): void
  clear(): void
  /** Types for the person: the key bar of phones. */
  type(text: string): void
  /** Pastes from the clipboard: the same. */
  paste(): void
  /** What it shows and showed before, the last rows of it. */
  text(): string
  /** Visible now: takes the GPU while it is, and its pane's size. */
  setShown(isShown: boolean): void
  setCanType(canType: boolean): void
  setTheme(theme: Theme): void
  setFontSize(pixels: number): void
  /** Whether a screen reader hears what is printed. */
  setReadAloud(isReadAloud: boolean): void
  /** Whether a Mac's Option key is Meta. */
  setOptionIsMeta(isMeta: boolean): void
  /** Whether what is selected is copied at once. */
  setCopiesOnSelect(copies: boolean): void
}

/** Draws a terminal into `element` and joins it to its feed: the one place that knows xterm. */
export function mountTerminal(element: HTMLElement, options: MountOptions): MountedTerminal {
  const { feed, size } = options.terminal
  let { canType } = options
  let copiesOnSelect = false
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
  const search = new SearchAddon()
  xterm.loadAddon(search)
  xterm.loadAddon(new UnicodeGraphemesAddon())
  xterm.loadAddon(new WebLinksAddon((event, url) => openLink(event, url, options.onOwnLink)))
  linkPaths(xterm, options.paths)
  const fit = new TerminalFit(element, xterm, options.fontSize)
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
    const room = fit.room()
    if (room !== undefined) size.fit(room)
  }
  const applySize = (): void => {
    const shown = size.shown.getSnapshot()
    if (shown !== undefined) fit.show(shown)
  }
  const claimIfTyping = (): void => {
    if (canType) size.claim()
  }

  const observer = new ResizeObserver(refit)
  observer.observe(element)
  const stopSize = size.shown.subscribe(applySize)
  const clipboard = { paste, copiesOnSelect: () => copiesOnSelect, onRefused: options.onClipboardRefused }
  const stopClipboard = followClipboard(element, xterm, clipboard)
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
    type: (text) => type(xterm.modes.applicationCursorKeysMode ? asApplicationKey(text) : text),
    paste: () => void pasteFromClipboard(clipboard),
    text: () => textOf(xterm),
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
      fit.setFontSize(pixels)
      refit()
    },
    setReadAloud(isReadAloud) {
      xterm.options.screenReaderMode = isReadAloud
    },
    setOptionIsMeta(isMeta) {
      xterm.options.macOptionIsMeta = isMeta
    },
    setCopiesOnSelect(copies) {
      copiesOnSelect = copies
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

function openLink(event: MouseEvent, url: string, onOwnLink: MountOptions['onOwnLink']): void {
  if (!isFollowed(event)) return
  const own = ownAddress(url)
  if (own === undefined) window.open(url, '_blank', 'noopener,noreferrer')
  else onOwnLink(own.port, own.path)
}

const ARROWS = new Set(['A', 'B', 'C', 'D'].map((end) => `\u001b[${end}`))

/** An arrow key as full-screen programs ask for it (DECCKM, xterm's "Application Cursor Keys"). */
function asApplicationKey(text: string): string {
  return ARROWS.has(text) ? text.replace('[', 'O') : text
}
