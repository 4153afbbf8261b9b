import { z } from 'zod'
import type { Draft, Drafts } from './stores/drafts.ts'
import { SteadyDrafts } from './stores/steady-drafts.ts'

const DATABASE = 'devex-drafts'
const STORE = 'drafts'

const draftSchema = z.object({ content: z.string(), baseEtag: z.string().nullable(), baseText: z.string().optional() })

/** Drafts in the browser's IndexedDB, so that a closed or crashed page loses nothing. Where that is forbidden: in memory. */
export function draftsOf(replId: string): Drafts {
  return new SteadyDrafts(async () => new DraftDatabase(`${replId}/`, await openDatabase()))
}

class DraftDatabase implements Drafts, Disposable {
  readonly #prefix: string
  readonly #database: IDBDatabase

  constructor(prefix: string, database: IDBDatabase) {
    this.#prefix = prefix
    this.#database = database
  }

  async get(path: string): Promise<Draft | undefined> {
    return draftSchema.safeParse(await settled(this.#store('readonly').get(this.#prefix + path))).data
  }

  async put(path: string, draft: Draft): Promise<void> {
    await settled(this.#store('readwrite').put(draft, this.#prefix + path))
  }

  async delete(path: string, content: string): Promise<void> {
    const key = this.#prefix + path
    // One transaction: no other tab puts a draft between the look and the deletion.
    const store = this.#store('readwrite')
    const kept = draftSchema.safeParse(await settled(store.get(key))).data
    if (kept?.content === content) await settled(store.delete(key))
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
