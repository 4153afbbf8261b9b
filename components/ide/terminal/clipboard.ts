import type { Terminal } from '@xterm/xterm'
import { copyText } from '#components/ui/copy-text.ts'

export interface ClipboardOptions {
  paste: (text: string) => void
  copiesOnSelect: () => boolean
  /** The browser does not let the page write, or read, the clipboard. */
  onRefused: (refused: 'copy' | 'paste') => void
}

/**
 * Ctrl+Shift+C and Ctrl+Shift+V, copying what is selected if wanted, and every other way to paste, through one function.
 * Ctrl+C stays the shell's. Answers how to stop.
 */
export function followClipboard(element: HTMLElement, terminal: Terminal, options: ClipboardOptions): () => void {
  const listening = new AbortController()
  const { signal } = listening
  terminal.attachCustomKeyEventHandler((event) => {
    if (event.type !== 'keydown' || !event.ctrlKey || !event.shiftKey || event.altKey) return true
    if (event.code === 'KeyC') {
      event.preventDefault()
      void copySelection(terminal, options)
      return false
    }
    if (event.code === 'KeyV') {
      event.preventDefault()
      void pasteFromClipboard(options)
      return false
    }
    return true
  })

  // A selection is made once the button is let go, wherever that is.
  let before: string | undefined
  const onPress = (): void => {
    before = terminal.getSelection()
  }
  const onRelease = (): void => {
    const isChanged = before !== undefined && terminal.getSelection() !== before
    before = undefined
    if (isChanged && options.copiesOnSelect()) void copySelection(terminal, options)
  }
  element.addEventListener('mousedown', onPress, { capture: true, signal })
  element.ownerDocument.addEventListener('mouseup', onRelease, { signal })

  const onPaste = (event: ClipboardEvent): void => {
    const text = event.clipboardData?.getData('text/plain') ?? ''
    event.preventDefault()
    event.stopPropagation()
    if (text !== '') options.paste(text)
  }
  // Before xterm's own listener, which asks nobody.
  element.addEventListener('paste', onPaste, { capture: true, signal })
  return () => listening.abort()
}

/** Pastes what the clipboard holds, where the browser lets a page read it. */
export async function pasteFromClipboard({
  paste,
  onRefused,
}: Pick<ClipboardOptions, 'paste' | 'onRefused'>): Promise<void> {
  try {
    paste(await navigator.clipboard.readText())
  } catch {
    onRefused('paste')
  }
}

async function copySelection(terminal: Terminal, { onRefused }: Pick<ClipboardOptions, 'onRefused'>): Promise<void> {
  if (terminal.hasSelection() && !(await copyText(terminal.getSelection()))) onRefused('copy')
}
