import type { WireError } from '#protocol/errors.ts'
import { MAX_GLOBS, MAX_GLOB_CHARS, MAX_QUERY_CHARS } from '#protocol/limits.ts'
import type { EventData } from '#protocol/messages.ts'
import { compileQuery } from '#protocol/search-pattern.ts'
import type { Found, FoundFile, FoundMatch, TextQuery } from '#protocol/text-search.ts'
import type { Connection } from './connection.ts'
import { SEARCH_AFTER_MS, SEARCH_TIMEOUT_MS } from './limits.ts'
import { describeError, isCode, isLost } from './request-error.ts'
import { Store } from './store.ts'

/** What a person wrote and chose. `include` and `exclude` are globs with commas between them. */
export interface SearchForm extends TextQuery {
  include: string
  exclude: string
  includeIgnored: boolean
  replacement: string
}

export type SearchProgress =
  | { kind: 'idle' }
  | { kind: 'searching' }
  | { kind: 'stopped' }
  | { kind: 'done'; found: Found }
  | { kind: 'failed'; error: WireError }

export interface SearchState {
  progress: SearchProgress
  /** What `files` were searched for. */
  query: TextQuery | undefined
  files: readonly FoundFile[]
  /** Something in those files was changed since. */
  isStale: boolean
}

const NOTHING: SearchState = { progress: { kind: 'idle' }, query: undefined, files: [], isStale: false }

/** A search of the text of all files: what is asked for, and what was found so far. */
export class TextSearch implements Disposable {
  readonly form = new Store<SearchForm>({
    text: '',
    isRegex: false,
    matchCase: false,
    wholeWord: false,
    include: '',
    exclude: '',
    includeIgnored: false,
    replacement: '',
  })
  readonly state = new Store<SearchState>(NOTHING)
  /** The line of the list that was chosen or gone to last: `foundKey` of it. */
  readonly chosen = new Store('')
  /** Which fields of the form are shown. */
  readonly shown = new Store({ replacement: false, places: false })
  /** The field of what to look for is to take the focus. */
  readonly isFocusWanted = new Store(false)
  /** Files whose places are not shown. */
  readonly closed = new Store<ReadonlySet<string>>(new Set())
  readonly #connection: Connection
  #timer: ReturnType<typeof setTimeout> | undefined
  /** Number of the search that is asked for; what is told of another is old. */
  #search = 0
  /** Whether what is shown is of the search before, until something of this one comes. */
  #isOfBefore = false
  #isLost = false
  /** Files that were written here, of which the runner will tell. */
  readonly #written = new Set<string>()

  constructor(connection: Connection) {
    this.#connection = connection
    connection.on('search.found', (found) => this.#found(found))
    connection.on('files.changed', (changed) => this.#changed(changed))
    connection.on('hello', () => {
      if (this.#isLost) void this.search()
    })
  }

  /** Changes what is asked for, and searches once the person rests. */
  edit(change: Partial<SearchForm>): void {
    const before = this.form.getSnapshot()
    this.form.set({ ...before, ...change })
    const { replacement: _, ...asked } = change
    if (Object.keys(asked).length === 0) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.search(), SEARCH_AFTER_MS)
  }

  /** Searches now. */
  async search(): Promise<void> {
    clearTimeout(this.#timer)
    const { include, exclude, includeIgnored, replacement: _, ...query } = this.form.getSnapshot()
    const search = (this.#search += 1)
    this.#isLost = false
    if (query.text === '') {
      this.#hush()
      return this.state.set(NOTHING)
    }
    const problem = problemOf(query) ?? problemOfGlobs(include) ?? problemOfGlobs(exclude)
    if (problem !== undefined) {
      this.#hush()
      return this.state.set({ ...NOTHING, progress: { kind: 'failed', error: problem } })
    }
    this.#isOfBefore = true
    this.#patch({ progress: { kind: 'searching' } })
    const globs = { include: globsOf(include), exclude: globsOf(exclude) }
    try {
      const asked = { search, query, ...globs, includeIgnored }
      const found = await this.#connection.request('search.text', asked, SEARCH_TIMEOUT_MS)
      if (search !== this.#search) return
      this.#startOver(query)
      this.#patch({ progress: { kind: 'done', found } })
    } catch (error) {
      if (search !== this.#search) return
      this.#isLost = isLost(error)
      this.#patch({ progress: { kind: 'failed', error: withAdvice(error) } })
    }
  }

  /** Ends the search; what was found so far stays. */
  stop(): void {
    this.#search += 1
    this.#isLost = false
    clearTimeout(this.#timer)
    if (this.state.getSnapshot().progress.kind !== 'searching') return
    this.#hush()
    this.#patch({ progress: { kind: 'stopped' } })
  }

  /** Forgets what was looked for and found. */
  clear(): void {
    this.edit({ text: '' })
    void this.search()
  }

  /** Shows the places in a file, or shows them no more. */
  toggle(path: string): void {
    this.closed.update((closed) => {
      const others = [...closed].filter((other) => other !== path)
      return new Set(closed.has(path) ? others : [...others, path])
    })
  }

  collapseAll(): void {
    this.closed.set(new Set(this.state.getSnapshot().files.map(({ path }) => path)))
  }

  /** Takes a file, or one place in it, out of what is shown. */
  dismiss(path: string, match?: FoundMatch): void {
    this.setMatches(path, match === undefined ? [] : this.matchesOf(path).filter((other) => other !== match))
  }

  matchesOf(path: string): readonly FoundMatch[] {
    return this.state.getSnapshot().files.find((file) => file.path === path)?.matches ?? []
  }

  /** What is left of a file's places; none: the file is left out. */
  setMatches(path: string, matches: FoundMatch[]): void {
    const files = this.state.getSnapshot().files.map((file) => (file.path === path ? { path, matches } : file))
    this.#patch({ files: files.filter((file) => file.matches.length > 0) })
  }

  /** A file is about to be written here: that it changes makes nothing stale. */
  willWrite(path: string): void {
    this.#written.add(path)
  }

  [Symbol.dispose](): void {
    this.stop()
  }

  #found({ search, files }: EventData<'search.found'>): void {
    if (search !== this.#search) return
    const { replacement: _, include: _i, exclude: _e, includeIgnored: _g, ...query } = this.form.getSnapshot()
    this.#startOver(query)
    this.#patch({ files: [...this.state.getSnapshot().files, ...files] })
  }

  /** Lets go of what the search before found. */
  #startOver(query: TextQuery): void {
    if (!this.#isOfBefore) return
    this.#isOfBefore = false
    this.closed.set(new Set())
    this.#patch({ files: [], query, isStale: false })
  }

  #changed({ changes, overflow }: EventData<'files.changed'>): void {
    const { files, isStale } = this.state.getSnapshot()
    const changed = new Set(changes.map(({ path }) => path).filter((path) => !this.#written.delete(path)))
    if (isStale) return
    if ((overflow && files.length > 0) || files.some(({ path }) => changed.has(path))) this.#patch({ isStale: true })
  }

  /** The runner need not go on. */
  #hush(): void {
    this.#connection.request('search.cancel', {}).catch(() => undefined)
  }

  #patch(change: Partial<SearchState>): void {
    this.state.update((state) => ({ ...state, ...change }))
  }
}

/** What is wrong with a query, if anything. */
export function problemOf(query: TextQuery): WireError | undefined {
  if (query.text.length > MAX_QUERY_CHARS)
    return { code: 'bad_request', message: `Search for ${MAX_QUERY_CHARS} characters at most.` }
  try {
    compileQuery(query)
    return undefined
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^Invalid regular expression: /, '') : ''
    return { code: 'bad_request', message: `This is no regular expression: ${reason}` }
  }
}

/** Globs with commas between them; a comma in braces is the glob's own. */
export function globsOf(text: string): string[] {
  return text
    .split(/,(?![^{]*\})/)
    .map((glob) => glob.trim())
    .filter((glob) => glob !== '')
}

function problemOfGlobs(text: string): WireError | undefined {
  const globs = globsOf(text)
  if (globs.length > MAX_GLOBS) return { code: 'bad_request', message: `Name ${MAX_GLOBS} places at most.` }
  const long = globs.find((glob) => glob.length > MAX_GLOB_CHARS)
  if (long === undefined) return undefined
  return { code: 'bad_request', message: `"${long.slice(0, 40)}…" is longer than ${MAX_GLOB_CHARS} characters.` }
}

/** A sandbox may be older than the page, and not know how to search. */
function withAdvice(error: unknown): WireError {
  const described = describeError(error)
  if (described.advice !== undefined || !isCode(error, 'bad_request')) return described
  return { ...described, advice: 'If Devex was updated since this REPL was started, stop and start it.' }
}

/** Names a file that something was found in, or a place in it, as long as it is there. */
export function foundKey(path: string, match?: FoundMatch): string {
  return match === undefined ? path : `${path}\0${match.line}:${match.start}`
}
