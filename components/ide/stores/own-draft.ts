import type { Draft, Drafts } from './drafts.ts'

/** The draft of one document. Another tab of this browser may keep one of the same file: only an own one is deleted. */
export class OwnDraft {
  readonly #drafts: Drafts
  #isOurs = false

  constructor(drafts: Drafts) {
    this.#drafts = drafts
  }

  /** What an earlier page left, if anything: it is this document's from now on. */
  async take(path: string): Promise<Draft | undefined> {
    const draft = await this.#drafts.get(path)
    this.#isOurs = draft !== undefined
    return draft
  }

  async put(path: string, draft: Draft): Promise<void> {
    this.#isOurs = true
    await this.#drafts.put(path, draft)
  }

  async delete(path: string): Promise<void> {
    if (!this.#isOurs) return
    this.#isOurs = false
    await this.#drafts.delete(path)
  }
}
