/** Text that is not on the REPL's disk yet. */
export interface Draft {
  content: string
  /** Etag of what it was typed on; `null`: a file that did not exist. */
  baseEtag: string | null
  /** What it was typed on: etags do not outlive a sleep of the REPL. Absent where it is not known, as in older drafts. */
  baseText?: string | undefined
}

/**
 * Where unsaved text survives a reload or a crash of the page, per REPL. Each page has a place of its own for a file, so
 * that no tab of this browser writes over what another one keeps; and finds what all of them left.
 */
export interface Drafts {
  /** The latest draft of the file, whichever page kept it. */
  get(path: string): Promise<Draft | undefined>
  /** Keeps a draft in this page's place. `replaced`: the text that it goes on from, which is not kept any more. */
  put(path: string, draft: Draft, replaced?: string): Promise<void>
  /** Forgets the draft with this text. Another one, of another tab with the same file, stays. */
  delete(path: string, content: string): Promise<void>
}

/** A draft and when it was kept, in milliseconds since 1970; 0 where that is not known, as in older drafts. */
interface KeptDraft extends Draft {
  keptAt: number
}

/** The one that was kept last: older ones come up when it is saved or given up. */
export function latest<T extends KeptDraft>(drafts: readonly T[]): T | undefined {
  return drafts.reduce<T | undefined>((last, draft) => (last === undefined || draft.keptAt >= last.keptAt ? draft : last), undefined) // prettier-ignore
}

/** What pages keep in memory together: for each path, a draft of each page. */
export type KeptInMemory = Map<string, Map<Drafts, KeptDraft>>

/** Drafts that live as long as the page, or as what it shares with others. */
export class MemoryDrafts implements Drafts {
  readonly #kept: KeptInMemory

  constructor(kept: KeptInMemory = new Map()) {
    this.#kept = kept
  }

  async get(path: string): Promise<Draft | undefined> {
    return latest([...this.#places(path).values()])
  }

  async put(path: string, draft: Draft, replaced?: string): Promise<void> {
    if (replaced !== undefined) await this.delete(path, replaced)
    const places = this.#places(path)
    // The last one in order too: two may be kept within a millisecond.
    places.delete(this)
    this.#kept.set(path, places.set(this, { ...draft, keptAt: Date.now() }))
  }

  async delete(path: string, content: string): Promise<void> {
    for (const [place, draft] of this.#places(path)) if (draft.content === content) this.#places(path).delete(place)
  }

  #places(path: string): Map<Drafts, KeptDraft> {
    return this.#kept.get(path) ?? new Map()
  }
}
