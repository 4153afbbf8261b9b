/** What the shown terminal can be told to do. */
export interface TerminalHandle {
  focus(): void
  clear(): void
  openFind(): void
}

/** Between commands and the terminal that is on the screen. */
export class TerminalBridge {
  #handle: TerminalHandle | undefined

  mounted(handle: TerminalHandle | undefined): void {
    this.#handle = handle
  }

  /** Forgets `handle` unless another terminal has taken its place. */
  unmounted(handle: TerminalHandle): void {
    if (this.#handle === handle) this.#handle = undefined
  }

  focus(): void {
    this.#handle?.focus()
  }

  clear(): void {
    this.#handle?.clear()
  }

  openFind(): void {
    this.#handle?.openFind()
  }
}
