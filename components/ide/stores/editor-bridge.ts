import { Store } from './store.ts'
import type { Readable } from './store.ts'

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

/** The editor of one group of tabs. */
interface Mounted {
  handle: EditorHandle
  path: string
}

/** Between commands and the editor widgets, which come later than the rest of the page. Commands are for the active group's. */
export class EditorBridge {
  /** Where the cursor is in the active group; absent while no text is shown there. */
  readonly cursor = new Store<Cursor | undefined>(undefined)
  readonly #groups: Readable<{ activeGroup: number }>
  readonly #editors = new Map<number, Mounted>()
  readonly #cursors = new Map<number, Cursor>()
  #goTo: { path: string; place: Place | undefined } | undefined

  constructor(groups: Readable<{ activeGroup: number }>) {
    this.#groups = groups
    groups.subscribe(() => this.#tellCursor())
  }

  /** A group's widget shows a file. */
  mounted(group: number, editor: Mounted): void {
    this.#editors.set(group, editor)
    const goTo = this.#goTo
    if (goTo?.path !== editor.path || group !== this.#group) return
    this.#goTo = undefined
    go(editor.handle, goTo.place)
  }

  /** A group's widget shows none, or is gone. */
  unmounted(group: number): void {
    this.#editors.delete(group)
    this.cursorMoved(group, undefined)
  }

  cursorMoved(group: number, cursor: Cursor | undefined): void {
    if (cursor === undefined) this.#cursors.delete(group)
    else this.#cursors.set(group, cursor)
    this.#tellCursor()
  }

  /** Gives the focus to a file in the active group, at a place if one is given; as soon as it is shown. */
  goTo(path: string, place?: Place): void {
    const editor = this.#editors.get(this.#group)
    if (editor?.path === path) go(editor.handle, place)
    else this.#goTo = { path, place }
  }

  selectedText(): string | undefined {
    return this.#editors.get(this.#group)?.handle.selectedText()
  }

  focus(): void {
    this.#editors.get(this.#group)?.handle.focus()
  }

  trigger(action: string): void {
    const handle = this.#editors.get(this.#group)?.handle
    handle?.focus()
    handle?.trigger(action)
  }

  get #group(): number {
    return this.#groups.getSnapshot().activeGroup
  }

  #tellCursor(): void {
    this.cursor.set(this.#cursors.get(this.#group))
  }
}

function go(handle: EditorHandle, place: Place | undefined): void {
  if (place !== undefined) handle.reveal(place)
  if (place?.isLook !== true) handle.focus()
}
