/** Text that is not on the REPL's disk yet. */
export interface Draft {
  content: string
  /** Etag of what it was typed on; `null`: a file that did not exist. */
  baseEtag: string | null
  /** What it was typed on: etags do not outlive a sleep of the REPL. Absent where it is not known, as in older drafts. */
  baseText?: string | undefined
}

/** Where unsaved text survives a reload or a crash of the page, per REPL. */
export interface Drafts {
  get(path: string): Promise<Draft | undefined>
  put(path: string, draft: Draft): Promise<void>
  /** Forgets the draft with this text. Another one, of another tab with the same file, stays. */
  delete(path: string, content: string): Promise<void>
}

/** Drafts that live as long as the page. */
export class MemoryDrafts implements Drafts {
  readonly #drafts = new Map<string, Draft>()

  async get(path: string): Promise<Draft | undefined> {
    return this.#drafts.get(path)
  }

  async put(path: string, draft: Draft): Promise<void> {
    this.#drafts.set(path, draft)
  }

  async delete(path: string, content: string): Promise<void> {
    if (this.#drafts.get(path)?.content === content) this.#drafts.delete(path)
  }
}
