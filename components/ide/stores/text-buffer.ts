/** The text of an open document. The editor's model behind a page of interface, so that documents know no editor. */
export interface TextBuffer {
  getText(): string
  /** Replaces the text, keeping the cursor and undo history where it can. Does not count as an edit by the person. */
  setText(text: string): void
}

/** A buffer without an editor: what a document has until one is mounted, and what tests use. */
export class PlainBuffer implements TextBuffer {
  #text: string

  constructor(text = '') {
    this.#text = text
  }

  getText(): string {
    return this.#text
  }

  setText(text: string): void {
    this.#text = text
  }
}
