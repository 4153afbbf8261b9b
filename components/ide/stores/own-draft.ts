import type { Draft, Drafts } from './drafts.ts'

/**
 * The draft of one document. Another tab of this browser may keep one of the same file: only what was kept here last, or
 * was found and gone on from, is replaced or deleted, so that the text of the other outlives its page too.
 */
export class OwnDraft {
  readonly #drafts: Drafts
  /** What was found or kept last. */
  #content: string | undefined
  /** A store may take its time: what was asked for first is done first. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(drafts: Drafts) {
    this.#drafts = drafts
  }

  /** What an earlier page left, if anything: it is this document's from now on. */
  async take(path: string): Promise<Draft | undefined> {
    const draft = await this.#drafts.get(path)
    this.#content = draft?.content
    return draft
  }

  async put(path: string, draft: Draft): Promise<void> {
    const replaced = this.#content
    this.#content = draft.content
    await this.#inTurn(() => this.#drafts.put(path, draft, replaced))
  }

  async delete(path: string): Promise<void> {
    const content = this.#content
    if (content === undefined) return
    this.#content = undefined
    await this.#inTurn(() => this.#drafts.delete(path, content))
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => undefined)
    return turn
  }
}
