import { MemoryDrafts } from './drafts.ts'
import type { Draft, Drafts } from './drafts.ts'

/** A store of drafts that may be refused, and may be lost at any time. */
type OpenDrafts = () => Promise<Drafts & Disposable>

/**
 * Drafts that never fail: a browser ends its database under a page, as Safari does in the background. Then a new one is
 * opened, and where that is refused, drafts live as long as the page.
 */
export class SteadyDrafts implements Drafts {
  readonly #open: OpenDrafts
  readonly #fallback = new MemoryDrafts()
  /** What the browser holds of this page, by path, where it did not take what came after: older than what is held here. */
  readonly #stale = new Map<string, string>()
  #opened: Promise<Drafts & Disposable> | undefined

  constructor(open: OpenDrafts) {
    this.#open = open
  }

  async get(path: string): Promise<Draft | undefined> {
    const kept = await this.#fallback.get(path)
    return kept ?? (await this.#attempt(async (drafts) => ({ draft: await drafts.get(path) })))?.draft
  }

  async put(path: string, draft: Draft, replaced?: string): Promise<void> {
    const older = this.#stale.get(path) ?? replaced
    const isKept = await this.#attempt(async (drafts) => drafts.put(path, draft, older).then(() => true))
    // Where it is kept, what is held here is older.
    const held = isKept === true ? await this.#fallback.get(path) : undefined
    if (held !== undefined) await this.#fallback.delete(path, held.content)
    if (isKept === true) return void this.#stale.delete(path)
    if (older !== undefined) this.#stale.set(path, older)
    await this.#fallback.put(path, draft)
  }

  async delete(path: string, content: string): Promise<void> {
    await this.#fallback.delete(path, content)
    await this.#attempt(async (drafts) => {
      await drafts.delete(path, content)
      const older = this.#stale.get(path)
      if (older !== undefined) await drafts.delete(path, older)
      this.#stale.delete(path)
    })
  }

  /** Once more on a new store, if the one at hand fails; `undefined` if that fails too. */
  async #attempt<T>(work: (drafts: Drafts) => Promise<T>): Promise<T | undefined> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      this.#opened ??= this.#open()
      const opened = this.#opened
      try {
        return await work(await opened)
      } catch {
        if (this.#opened === opened) this.#opened = undefined
        void opened.then((drafts) => drafts[Symbol.dispose]()).catch(() => undefined)
      }
    }
    return undefined
  }
}

const ATTEMPTS = 2
