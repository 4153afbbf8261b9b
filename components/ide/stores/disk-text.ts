import { MAX_UNANSWERED_SAVES, READ_UNASKED_CHARS } from './limits.ts'

/** What a document knows of its file: which text lies there, and which may lie there because an answer was lost. */
export class DiskText {
  #etag: string | null = null
  #text: string | undefined
  #unanswered: readonly string[] = []

  /** Etag of the text that was edited; `null`: no such file. */
  get etag(): string | null {
    return this.#etag
  }

  /** The text that was edited, if it is known. */
  get text(): string | undefined {
    return this.#text
  }

  /** Whether to read the file again costs much more than to ask whether it changed. */
  get isLong(): boolean {
    return (this.#text?.length ?? 0) > READ_UNASKED_CHARS
  }

  /** The file was read or written: it holds this. */
  holds(text: string, etag: string): void {
    this.#text = text
    this.#etag = etag
    this.#unanswered = []
  }

  /** The file held this when it was edited, and may hold something else by now. */
  heldOnce(text: string | undefined, etag: string | null): void {
    this.#text = text
    this.#etag = etag
  }

  /** The file is gone. Should it come back as it was, that is no change. */
  vanished(): void {
    this.#etag = null
  }

  /** A save went out and no answer came: it may have been done. */
  mayHold(text: string): void {
    this.#unanswered = [...this.#unanswered.filter((other) => other !== text), text].slice(-MAX_UNANSWERED_SAVES)
  }

  /** Whether a text found in the file is nobody else's: what was edited, under another etag, or a save of our own. */
  isOurs(text: string): boolean {
    return text === this.#text || this.#unanswered.includes(text)
  }
}
