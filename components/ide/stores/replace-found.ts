import type { FoundMatch } from '#protocol/text-search.ts'
import type { Connection } from './connection.ts'
import type { Documents } from './documents.ts'
import { attemptEach } from './attempt-each.ts'
import type { FailedFile } from './failed-files.ts'
import { replaceMatches } from './replace-matches.ts'
import { RequestError } from './request-error.ts'
import { Store } from './store.ts'
import type { TextSearch } from './text-search.ts'

/** Some of what was found in one file. */
export interface ChosenMatches {
  path: string
  matches: readonly FoundMatch[]
}

/** A file as it was before, and the etag of what was made of it. */
interface Before {
  path: string
  content: string
  etag: string
}

export type ReplaceState =
  | { kind: 'idle' }
  | { kind: 'replacing'; done: number; files: number }
  /** `gone`: places that were changed since they were found, and left as they are. */
  | { kind: 'replaced'; matches: number; gone: number; before: readonly Before[] }

interface ReplaceOptions {
  connection: Connection
  documents: Documents
  search: TextSearch
}

/** Replaces what a search found, in files that are open and in others, with a way back. */
export class ReplaceFound {
  readonly state = new Store<ReplaceState>({ kind: 'idle' })
  readonly #options: ReplaceOptions

  constructor(options: ReplaceOptions) {
    this.#options = options
  }

  /** Replaces in each file what still stands there. What failed; nothing of that was changed. */
  async replace(chosen: readonly ChosenMatches[]): Promise<FailedFile[]> {
    const { query } = this.#options.search.state.getSnapshot()
    if (query === undefined || this.state.getSnapshot().kind === 'replacing') return []
    const { replacement } = this.#options.search.form.getSnapshot()
    const total = { matches: 0, gone: 0, done: 0 }
    this.state.set({ kind: 'replacing', done: 0, files: chosen.length })
    const { done, failed } = await attemptEach(chosen, async ({ path, matches }) => {
      const { content, etag } = await this.#read(path)
      const others = this.#options.search.matchesOf(path).filter((match) => !matches.includes(match))
      const replaced = replaceMatches(content, { query, replacement, chosen: matches, others })
      const isChanged = replaced.text !== content
      const before = { path, content, etag: isChanged ? await this.#write(path, replaced.text, etag) : etag }
      this.#options.search.setMatches(path, replaced.others)
      total.matches += replaced.count
      total.gone += matches.length - replaced.count
      total.done += 1
      this.state.set({ kind: 'replacing', done: total.done, files: chosen.length })
      return { before, isChanged }
    })
    const before = done.filter(({ isChanged }) => isChanged).map((file) => file.before)
    this.state.set(
      done.length === 0 ? { kind: 'idle' } : { kind: 'replaced', matches: total.matches, gone: total.gone, before },
    )
    return failed.map(({ item, error }) => ({ path: item.path, error }))
  }

  /** Puts back what the last replacement changed, except where it was changed since. What could not be put back. */
  async undo(): Promise<FailedFile[]> {
    const state = this.state.getSnapshot()
    if (state.kind !== 'replaced') return []
    this.state.set({ kind: 'replacing', done: 0, files: state.before.length })
    const { failed } = await attemptEach(state.before, async ({ path, content, etag }) => {
      await this.#settle(path)
      await this.#write(path, content, etag)
    })
    this.state.set(failed.length === 0 ? { kind: 'idle' } : { ...state, before: failed.map(({ item }) => item) })
    void this.#options.search.search()
    return failed.map(({ item, error }) => ({ path: item.path, error }))
  }

  /** Nobody wants the way back. */
  forget(): void {
    if (this.state.getSnapshot().kind === 'replaced') this.state.set({ kind: 'idle' })
  }

  async #read(path: string): Promise<{ content: string; etag: string }> {
    await this.#settle(path)
    const read = await this.#options.connection.request('files.read', { path })
    if (read.kind === 'text') return read
    const why = read.kind === 'binary' ? 'is not UTF-8 text' : 'is too large for the editor'
    throw new RequestError({ code: 'not_supported', message: `"${path}" ${why}.`, advice: 'Change it in a terminal.' })
  }

  /** An open document follows the disk; what is typed there goes first. */
  async #settle(path: string): Promise<void> {
    const document = this.#options.documents.get(path)
    await document?.save()
    if (document?.isUnsaved !== true) return
    throw new RequestError({
      code: 'conflict',
      message: `"${path}" has text that is not saved.`,
      advice: 'Save it first.',
    })
  }

  async #write(path: string, content: string, ifMatch: string): Promise<string> {
    this.#options.search.willWrite(path)
    const { etag } = await this.#options.connection.request('files.write', { path, content, ifMatch })
    return etag
  }
}
