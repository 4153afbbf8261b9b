/** What the shown terminal can be told to do. */
export interface TerminalHandle {
  focus(): void
  clear(): void
  openFind(): void
  /** Shows its output as text. */
  openText(): void
}

/** Between commands and the terminal that is on the screen. */
export class TerminalBridge {
  #handle: TerminalHandle | undefined
  #isFocusWanted = false

  /** A terminal is on the screen now. */
  mounted(handle: TerminalHandle): void {
    this.#handle = handle
    if (!this.#isFocusWanted) return
    this.#isFocusWanted = false
    handle.focus()
  }

  /** Forgets `handle` unless another terminal has taken its place. */
  unmounted(handle: TerminalHandle): void {
    if (this.#handle === handle) this.#handle = undefined
  }

  focus(): void {
    this.#handle?.focus()
  }

  /** Gives the focus to the terminal that comes next. */
  focusNext(): void {
    this.#isFocusWanted = true
  }

  clear(): void {
    this.#handle?.clear()
  }

  openFind(): void {
    this.#handle?.openFind()
  }

  openText(): void {
    this.#handle?.openText()
  }
}
