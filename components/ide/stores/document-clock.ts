import { AUTOSAVE_AFTER_MS, DRAFT_AFTER_MS } from './limits.ts'

interface Due {
  save: () => void
  keepDraft: () => void
}

/** When typed text is due: soon into the browser's store, a little later onto the disk. */
export class DocumentClock implements Disposable {
  readonly #due: Due
  #saveTimer: ReturnType<typeof setTimeout> | undefined
  #draftTimer: ReturnType<typeof setTimeout> | undefined

  constructor(due: Due) {
    this.#due = due
  }

  /** Somebody types: the save moves on, the draft does not wait. */
  edited(): void {
    this.saved()
    this.due()
    this.#draftTimer ??= setTimeout(() => {
      this.#draftTimer = undefined
      this.#due.keepDraft()
    }, DRAFT_AFTER_MS)
  }

  /** A save is due, at the latest so long from now. */
  due(): void {
    this.#saveTimer ??= setTimeout(() => {
      this.#saveTimer = undefined
      this.#due.save()
    }, AUTOSAVE_AFTER_MS)
  }

  saved(): void {
    clearTimeout(this.#saveTimer)
    this.#saveTimer = undefined
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#saveTimer)
    clearTimeout(this.#draftTimer)
  }
}
