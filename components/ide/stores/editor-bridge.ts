import { Store } from './store.ts'

/** What the mounted editor can be told to do. */
export interface EditorHandle {
  focus(): void
  /** Runs one of the editor's own actions by its id, such as `actions.find`. */
  trigger(action: string): void
  reveal(line: number): void
}

export interface Cursor {
  line: number
  column: number
  /** Characters selected; 0: none. */
  selected: number
  language: string
}

/** Between commands and the editor widget, which comes later than the rest of the page. */
export class EditorBridge {
  /** Where the cursor is; absent while no text is shown. */
  readonly cursor = new Store<Cursor | undefined>(undefined)
  #handle: EditorHandle | undefined
  #shown: string | undefined
  #goTo: { path: string; line: number | undefined } | undefined

  /** The widget is there (or gone) and shows `path`. */
  mounted(handle: EditorHandle | undefined, path: string | undefined): void {
    this.#handle = handle
    this.#shown = path
    if (handle === undefined || this.#goTo === undefined || this.#goTo.path !== path) return
    go(handle, this.#goTo.line)
    this.#goTo = undefined
  }

  /** Gives the focus to a file, at a line if one is given; as soon as it is shown. */
  goTo(path: string, line?: number): void {
    if (this.#shown === path && this.#handle !== undefined) go(this.#handle, line)
    else this.#goTo = { path, line }
  }

  focus(): void {
    this.#handle?.focus()
  }

  trigger(action: string): void {
    this.#handle?.focus()
    this.#handle?.trigger(action)
  }
}

function go(handle: EditorHandle, line: number | undefined): void {
  if (line === undefined) handle.focus()
  else handle.reveal(line)
}
