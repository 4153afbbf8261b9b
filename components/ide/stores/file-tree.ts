import { joinPath, nameOf, parentOf } from '#protocol/paths.ts'
import type { WireError } from '#protocol/errors.ts'
import type { Entry, EventData } from '#protocol/messages.ts'
import type { Connection } from './connection.ts'
import { MAX_SHOWN_ENTRIES, RELIST_AFTER_MS } from './limits.ts'
import { isAmong } from './outermost.ts'
import { describeError, isCode, isLost } from './request-error.ts'
import { Store } from './store.ts'
import { Turns } from './turns.ts'

/** A folder that was listed. */
export interface Folder {
  entries: readonly Entry[]
  byName: ReadonlyMap<string, Entry>
  /** More entries than are shown. */
  isCut: boolean
  error?: WireError
}

export interface FileTreeState {
  /** Listed folders by path; `''` is the workspace. */
  folders: ReadonlyMap<string, Folder>
  expanded: string[]
}

/** The workspace's files as far as somebody has looked: folders are listed when opened and again when they change. */
export class FileTree implements Disposable {
  readonly state: Store<FileTreeState>
  /** Whether the keyboard is to go to the tree, as soon as it shows. */
  readonly isFocusWanted = new Store(false)
  /** What is being moved, and where to. */
  readonly moves = new Map<string, string>()
  readonly #connection: Connection
  readonly #listings = new Turns((path) => this.#list(path))
  readonly #stale = new Set<string>()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(connection: Connection, expanded: string[] = []) {
    this.#connection = connection
    this.state = new Store<FileTreeState>({ folders: new Map(), expanded })
    connection.on('hello', () => this.#relistShown())
    connection.on('files.changed', (changed) => this.#diskChanged(changed))
  }

  /** What lies at a path, if its folder is listed. */
  entry(path: string): Entry | undefined {
    return this.state.getSnapshot().folders.get(parentOf(path))?.byName.get(nameOf(path))
  }

  /** Where a path is after the moves under way. */
  afterMoves(path: string): string {
    for (const [from, to] of this.moves) if (isAmong(path, new Set([from]))) return to + path.slice(from.length)
    return path
  }

  /** Of what was moved just now, the folders that were open are so where they are now. */
  carryOver(): void {
    const { expanded } = this.state.getSnapshot()
    // Where they were they stay open until a listing has them gone: nothing folds up for a moment.
    const now = new Set([...expanded, ...expanded.map((path) => this.afterMoves(path))])
    if (now.size > expanded.length) this.setExpanded([...now])
  }

  /** Paths of what lies in a listed folder. */
  children(path: string): string[] {
    return (this.state.getSnapshot().folders.get(path)?.entries ?? []).map(({ name }) => joinPath(path, name))
  }

  setExpanded(expanded: string[]): void {
    const before = new Set(this.state.getSnapshot().expanded)
    this.state.update((state) => ({ ...state, expanded }))
    for (const path of expanded) if (!before.has(path)) void this.list(path)
  }

  /** Opens the folders around a path, so that it shows. */
  async reveal(path: string): Promise<void> {
    const folders: string[] = []
    for (let folder = parentOf(path); folder !== ''; folder = parentOf(folder)) folders.unshift(folder)
    this.setExpanded([...new Set([...this.state.getSnapshot().expanded, ...folders])])
    const unknown = folders.filter((folder) => !this.state.getSnapshot().folders.has(folder))
    await Promise.all(unknown.map((folder) => this.list(folder)))
  }

  /**
   * Asks what lies in a folder. One listing at a time: the answers of two could come in either order, and of a large
   * folder that keeps changing more would be asked for than are answered.
   */
  list(path: string): Promise<void> {
    return this.#listings.take(path)
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  async #list(path: string): Promise<void> {
    try {
      this.#put(path, await this.#pages(path))
    } catch (error) {
      if (isCode(error, 'not_found') && path !== '') this.state.update((state) => without(state, new Set([path])))
      else if (!isLost(error)) this.#put(path, { ...folderOf([]), error: describeError(error) })
    }
  }

  async #pages(path: string): Promise<Folder> {
    const entries: Entry[] = []
    let cursor: string | undefined
    do {
      const page = await this.#connection.request('files.list', { path, ...(cursor !== undefined && { cursor }) })
      entries.push(...page.entries)
      cursor = page.cursor
    } while (cursor !== undefined && entries.length < MAX_SHOWN_ENTRIES)
    return folderOf(entries.slice(0, MAX_SHOWN_ENTRIES), cursor !== undefined)
  }

  #put(path: string, folder: Folder): void {
    this.state.update((state) => {
      const before = state.folders.get(path)?.entries ?? []
      // A folder that cannot be listed now may well hold what it did.
      const gone = folder.error === undefined ? before.filter(({ name }) => !folder.byName.has(name)) : []
      const { folders, expanded } = without(state, new Set(gone.map(({ name }) => joinPath(path, name))))
      return { folders: new Map(folders).set(path, folder), expanded }
    })
  }

  /** Of what is there still, only the list is forgotten. */
  #forgetList(path: string): void {
    this.state.update((state) => {
      const folders = new Map(state.folders)
      folders.delete(path)
      return { ...state, folders }
    })
  }

  #diskChanged({ changes, overflow }: EventData<'files.changed'>): void {
    const isIgnoreChange = changes.some(({ path }) => path.endsWith('.gitignore'))
    if (overflow || isIgnoreChange) return this.#relistShown()
    for (const { path, kind } of changes) if (kind !== 'modified') this.#stale.add(parentOf(path))
    this.#schedule()
  }

  #relistShown(): void {
    for (const path of ['', ...this.state.getSnapshot().expanded]) this.#stale.add(path)
    for (const path of this.state.getSnapshot().folders.keys()) this.#stale.add(path)
    this.#schedule()
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#relistStale()
    }, RELIST_AFTER_MS)
  }

  /** Lists again what shows; what does not show is forgotten, to be listed when it is opened. */
  #relistStale(): void {
    const { expanded, folders } = this.state.getSnapshot()
    for (const path of this.#stale) {
      if (this.#listings.isResting(path)) continue
      this.#stale.delete(path)
      if (path === '' || expanded.includes(path)) void this.list(path)
      else if (folders.has(path)) this.#forgetList(path)
    }
    if (this.#stale.size > 0) this.#schedule()
  }
}

function folderOf(entries: readonly Entry[], isCut = false): Folder {
  return { entries, byName: new Map(entries.map((entry) => [entry.name, entry])), isCut }
}

/** The same without what lay at or below `gone`. */
function without(state: FileTreeState, gone: ReadonlySet<string>): FileTreeState {
  if (gone.size === 0) return state
  const isLeft = (path: string): boolean => !isAmong(path, gone)
  return {
    folders: new Map([...state.folders].filter(([path]) => isLeft(path))),
    expanded: state.expanded.every(isLeft) ? state.expanded : state.expanded.filter(isLeft),
  }
}
