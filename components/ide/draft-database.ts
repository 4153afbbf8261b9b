import { z } from 'zod'
import type { Draft, Drafts } from './stores/drafts.ts'
import { MemoryDrafts } from './stores/drafts.ts'

const DATABASE = 'devex-drafts'
const STORE = 'drafts'

const draftSchema = z.object({ content: z.string(), baseEtag: z.string().nullable() })

/** Drafts in the browser's IndexedDB, so that a closed or crashed page loses nothing. Where that is forbidden: in memory. */
export class DraftDatabase implements Drafts {
  readonly #prefix: string
  readonly #database: Promise<IDBDatabase | undefined>
  readonly #fallback = new MemoryDrafts()

  constructor(replId: string) {
    this.#prefix = `${replId}/`
    this.#database = openDatabase()
  }

  async get(path: string): Promise<Draft | undefined> {
    const store = await this.#store('readonly')
    if (store === undefined) return this.#fallback.get(path)
    return draftSchema.safeParse(await settled(store.get(this.#prefix + path))).data
  }

  async put(path: string, draft: Draft): Promise<void> {
    const store = await this.#store('readwrite')
    if (store === undefined) return this.#fallback.put(path, draft)
    await settled(store.put(draft, this.#prefix + path))
  }

  async delete(path: string): Promise<void> {
    const store = await this.#store('readwrite')
    if (store === undefined) return this.#fallback.delete(path)
    await settled(store.delete(this.#prefix + path))
  }

  async #store(mode: IDBTransactionMode): Promise<IDBObjectStore | undefined> {
    return (await this.#database)?.transaction(STORE, mode).objectStore(STORE)
  }
}

async function openDatabase(): Promise<IDBDatabase | undefined> {
  try {
    const request = window.indexedDB.open(DATABASE, 1)
    request.addEventListener('upgradeneeded', () => request.result.createObjectStore(STORE))
    return await settled(request)
  } catch {
    return undefined
  }
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error ?? new Error('The browser refused its database.')))
  })
}
