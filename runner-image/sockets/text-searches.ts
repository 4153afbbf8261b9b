import type { z } from 'zod'
import type { requests } from '#protocol/messages.ts'
import { isAtLeast } from '#protocol/roles.ts'
import type { Found, FoundFile } from '#protocol/text-search.ts'
import type { OpenedSandbox } from '../opened-sandbox.ts'
import type { Connection } from './connection.ts'

type Params = z.output<(typeof requests)['search.text']['params']>

/** Searches of the text of all files: one at a time for each connection, ended with it. */
export class TextSearches {
  readonly #sandbox: OpenedSandbox
  readonly #current = new WeakMap<Connection, AbortController>()

  constructor(sandbox: OpenedSandbox) {
    this.#sandbox = sandbox
  }

  /** Ends the search that this connection began before, and tells it what is found as it is. */
  async begin(from: Connection, { search: id, ...search }: Params): Promise<Found> {
    this.end(from)
    const controller = new AbortController()
    this.#current.set(from, controller)
    const { workspace, peoplesSearch, viewersSearch } = this.#sandbox
    const { root } = workspace
    const thread = isAtLeast(from.claims.role, 'editor') ? peoplesSearch : viewersSearch
    const signal = AbortSignal.any([controller.signal, from.signal])
    const tell = (files: FoundFile[]) => {
      if (!signal.aborted) from.publish('search.found', { search: id, files })
    }
    const { kind: _, ...found } = await thread.find({ root, rulesFrom: root, ...search }, { signal, tell })
    return found
  }

  end(from: Connection): void {
    this.#current.get(from)?.abort()
    this.#current.delete(from)
  }
}
