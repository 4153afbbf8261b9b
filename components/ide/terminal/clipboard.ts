import type { Terminal } from '@xterm/xterm'

/**
 * Ctrl+Shift+C and Ctrl+Shift+V, and every other way to paste, through one function. Ctrl+C stays the shell's.
 * Answers how to stop.
 */
export function followClipboard(element: HTMLElement, terminal: Terminal, paste: (text: string) => void): () => void {
  terminal.attachCustomKeyEventHandler((event) => {
    if (event.type !== 'keydown' || !event.ctrlKey || !event.shiftKey || event.altKey) return true
    if (event.code === 'KeyC') {
      event.preventDefault()
      void copy(terminal)
      return false
    }
    if (event.code === 'KeyV') {
      event.preventDefault()
      void navigator.clipboard.readText().then(paste, () => undefined)
      return false
    }
    return true
  })
  const onPaste = (event: ClipboardEvent): void => {
    const text = event.clipboardData?.getData('text/plain') ?? ''
    event.preventDefault()
    event.stopPropagation()
    if (text !== '') paste(text)
  }
  // Before xterm's own listener, which asks nobody.
  element.addEventListener('paste', onPaste, { capture: true })
  return () => element.removeEventListener('paste', onPaste, { capture: true })
}

async function copy(terminal: Terminal): Promise<void> {
  if (terminal.hasSelection()) await navigator.clipboard.writeText(terminal.getSelection()).catch(() => undefined)
}
