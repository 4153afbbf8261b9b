import type { Connection } from './connection.ts'
import { fuzzyMatch } from './fuzzy.ts'
import { MAX_QUICK_RESULTS } from './limits.ts'
import { Store } from './store.ts'

export interface QuickFile {
  path: string
  positions: readonly number[]
}

/** What a person wrote into quick open: a name, and perhaps `:line`. */
export function parseQuickQuery(text: string): { query: string; line?: number } {
  const match = /^(.*?):(\d+)$/.exec(text.trim())
  const [, query = '', line] = match ?? []
  return match === null ? { query: text.trim() } : { query, line: Number(line) }
}

/** The workspace's paths for quick open, asked for again whenever it is opened. */
export class QuickFiles {
  readonly paths = new Store<{ paths: readonly string[]; isCut: boolean } | undefined>(undefined)
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  async refresh(): Promise<void> {
    const { paths, truncated } = await this.#connection.request('files.index', {})
    this.paths.set({ paths, isCut: truncated })
  }
}

/** The best matches, recent files first where they match equally well or nothing is asked for. */
export function rankFiles(query: string, paths: readonly string[], recent: readonly string[]): QuickFile[] {
  const matches = paths.flatMap((path) => {
    const match = fuzzyMatch(query, path)
    const recency = recent.indexOf(path)
    return match === undefined ? [] : [{ path, ...match, recency: recency === -1 ? 0 : recent.length - recency }]
  })
  const ranked = matches.toSorted(
    (one, other) => other.score + other.recency - (one.score + one.recency) || one.path.localeCompare(other.path),
  )
  return ranked.slice(0, MAX_QUICK_RESULTS).map(({ path, positions }) => ({ path, positions }))
}
