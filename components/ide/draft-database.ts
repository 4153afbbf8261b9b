import { newId } from '#protocol/ids.ts'
import { z } from 'zod'
import { latest } from './stores/drafts.ts'
import type { Draft, Drafts } from './stores/drafts.ts'
import { SteadyDrafts } from './stores/steady-drafts.ts'

const DATABASE = 'devex-drafts'
const STORE = 'drafts'

const draftSchema = z.object({
  content: z.string(),
  baseEtag: z.string().nullable(),
  baseText: z.string().optional(),
  keptAt: z.number().default(0),
})

/** Drafts in the browser's IndexedDB, so that a closed or crashed page loses nothing. Where that is forbidden: in memory. */
export function draftsOf(replId: string): Drafts {
  const page = newId()
  return new SteadyDrafts(async () => new DraftDatabase(await openDatabase(), { replId, page }))
}

/** A key is REPL, path, and page, with a NUL before the page, which no path has. Older drafts name no page. */
class DraftDatabase implements Drafts, Disposable {
  readonly #database: IDBDatabase
  readonly #replId: string
  readonly #page: string

  constructor(database: IDBDatabase, { replId, page }: { replId: string; page: string }) {
    this.#database = database
    this.#replId = replId
    this.#page = page
  }

  async get(path: string): Promise<Draft | undefined> {
    return latest(await this.#kept(this.#store('readonly'), path))
  }

  async put(path: string, draft: Draft, replaced?: string): Promise<void> {
    const store = this.#store('readwrite')
    if (replaced !== undefined) await this.#delete(store, path, replaced)
    await settled(store.put({ ...draft, keptAt: Date.now() }, `${this.#key(path)}\0${this.#page}`))
  }

  async delete(path: string, content: string): Promise<void> {
    await this.#delete(this.#store('readwrite'), path, content)
  }

  /** In the one transaction that `store` is of: no other tab keeps a draft between the look and the deletion. */
  async #delete(store: IDBObjectStore, path: string, content: string): Promise<void> {
    for (const draft of await this.#kept(store, path))
      if (draft.content === content) await settled(store.delete(draft.key))
  }

  /** The drafts of a file, of every page. */
  async #kept(store: IDBObjectStore, path: string) {
    const ofFile = IDBKeyRange.bound(this.#key(path), `${this.#key(path)}\0\uffff`)
    const [keys, values] = await Promise.all([settled(store.getAllKeys(ofFile)), settled(store.getAll(ofFile))])
    return keys.flatMap((key, index) => {
      const draft = draftSchema.safeParse(values[index]).data
      return draft === undefined ? [] : [{ ...draft, key }]
    })
  }

  #key(path: string): string {
    return `${this.#replId}/${path}`
  }

  [Symbol.dispose](): void {
    this.#database.close()
  }

  #store(mode: IDBTransactionMode): IDBObjectStore {
    return this.#database.transaction(STORE, mode).objectStore(STORE)
  }
}

function openDatabase(): Promise<IDBDatabase> {
  const request = window.indexedDB.open(DATABASE, 1)
  request.addEventListener('upgradeneeded', () => request.result.createObjectStore(STORE))
  return settled(request)
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error ?? new Error('The browser refused its database.')))
  })
}
