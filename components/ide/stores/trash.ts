import type { WireError } from '#protocol/errors.ts'
import type { requests } from '#protocol/messages.ts'
import type { z } from 'zod'
import type { Connection } from './connection.ts'
import type { Deleted, FileActions } from './file-actions.ts'
import { describeError } from './request-error.ts'
import { Store } from './store.ts'

type Listed = z.output<(typeof requests)['trash.list']['result']>

export type TrashState = { kind: 'loading' } | { kind: 'failed'; error: WireError } | ({ kind: 'ready' } & Listed)

/** What was deleted and can be taken back. Asked for when somebody looks; nothing tells of its changes. */
export class Trash {
  readonly state = new Store<TrashState>({ kind: 'loading' })
  readonly #connection: Connection
  readonly #files: Pick<FileActions, 'restore'>

  constructor(connection: Connection, files: Pick<FileActions, 'restore'>) {
    this.#connection = connection
    this.#files = files
  }

  /** Asks for it anew; what is shown stays until the answer is there. */
  async refresh(): Promise<void> {
    try {
      this.state.set({ kind: 'ready', ...(await this.#connection.request('trash.list', {})) })
    } catch (error) {
      this.state.set({ kind: 'failed', error: describeError(error) })
    }
  }

  /** Puts a deletion back where it was. Rejects with the reason, as that something else is there by now. */
  async putBack(deleted: Deleted): Promise<void> {
    const { failed } = await this.#files.restore([deleted])
    await this.refresh()
    const [failure] = failed
    if (failure !== undefined) throw failure.error
  }

  /** Deletes for good: one of it, or everything. */
  async empty(deletion?: string): Promise<void> {
    await this.#connection.request('trash.empty', deletion === undefined ? {} : { deletions: [deletion] })
    await this.refresh()
  }
}
