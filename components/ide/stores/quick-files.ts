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

interface Ranked extends QuickFile {
  score: number
}

/** The best matches, recent files first where they match equally well or nothing is asked for. */
export function rankFiles(query: string, paths: readonly string[], recent: readonly string[]): QuickFile[] {
  const recency = new Map(recent.map((path, index) => [path, recent.length - index] as const).toReversed())
  // Only the best are kept in order: to sort all that match takes half a second where there are many.
  const best: Ranked[] = []
  for (const path of paths) {
    const match = fuzzyMatch(query, path)
    if (match === undefined) continue
    const ranked = { path, positions: match.positions, score: match.score + (recency.get(path) ?? 0) }
    const place = best.findLastIndex((other) => isBefore(other, ranked)) + 1
    if (place === MAX_QUICK_RESULTS) continue
    best.splice(place, 0, ranked)
    if (best.length > MAX_QUICK_RESULTS) best.pop()
  }
  return best.map(({ path: found, positions }) => ({ path: found, positions }))
}

function isBefore(one: Ranked, other: Ranked): boolean {
  return one.score > other.score || (one.score === other.score && one.path.localeCompare(other.path) <= 0)
}
