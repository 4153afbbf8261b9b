import { Store } from './store.ts'

/** What the mounted editor can be told to do. */
export interface EditorHandle {
  focus(): void
  /** Runs one of the editor's own actions by its id, such as `actions.find`. */
  trigger(action: string): void
  /** Scrolls to a place and selects it. */
  reveal(place: Place): void
  /** What is selected, if that is part of one line. */
  selectedText(): string | undefined
}

/** Where to go in a file. `line` and `column` are counted from one, `length` in UTF-16 code units. */
export interface Place {
  line: number
  column?: number
  length?: number
  /** The focus stays where it is. */
  isLook?: boolean
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
  #goTo: { path: string; place: Place | undefined } | undefined

  /** The widget is there (or gone) and shows `path`. */
  mounted(handle: EditorHandle | undefined, path: string | undefined): void {
    this.#handle = handle
    this.#shown = path
    if (handle === undefined || this.#goTo === undefined || this.#goTo.path !== path) return
    go(handle, this.#goTo.place)
    this.#goTo = undefined
  }

  /** Gives the focus to a file, at a place if one is given; as soon as it is shown. */
  goTo(path: string, place?: Place): void {
    if (this.#shown === path && this.#handle !== undefined) go(this.#handle, place)
    else this.#goTo = { path, place }
  }

  selectedText(): string | undefined {
    return this.#handle?.selectedText()
  }

  focus(): void {
    this.#handle?.focus()
  }

  trigger(action: string): void {
    this.#handle?.focus()
    this.#handle?.trigger(action)
  }
}

function go(handle: EditorHandle, place: Place | undefined): void {
  if (place !== undefined) handle.reveal(place)
  if (place?.isLook !== true) handle.focus()
}
