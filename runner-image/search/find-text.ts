import { foundLine } from '#protocol/found-line.ts'
import { compileQuery } from '#protocol/search-pattern.ts'
import type { FoundFile, FoundMatch } from '#protocol/text-search.ts'
import { globPattern } from './glob-pattern.ts'
import { FOUND_BATCH_MATCHES, FOUND_BATCH_MS, MAX_FOUND_MATCHES, SEARCH_TIME_MS } from './limits.ts'
import { linesOf, searchedFiles, searchedText } from './searched-files.ts'
import type { FindAnswer, FindSearch } from './search-messages.ts'

/** Each place where a text stands, told in batches as it goes. Throws a `SyntaxError` for a pattern that is none. */
export function findText(search: FindSearch, tell: (files: FoundFile[]) => void): FindAnswer {
  const pattern = compileQuery(search.query)
  const answer: FindAnswer = { kind: 'find', matches: 0, files: 0, filesSearched: 0, filesTooLarge: 0 }
  const onLimit = () => {
    answer.stoppedBy = 'files'
  }
  const startedAt = performance.now()
  const batch = new Batch(tell)
  for (const path of searchedFiles(search, { isWanted: isWantedBy(search), onLimit })) {
    const text = searchedText(search.root, path)
    if (text === null) answer.filesTooLarge++
    if (typeof text !== 'string') continue
    answer.filesSearched++
    const matches = mayHold(text, pattern, search) ? matchesIn(text, pattern, MAX_FOUND_MATCHES - answer.matches) : []
    if (matches.length > 0) {
      answer.files++
      answer.matches += matches.length
      batch.add({ path, matches })
    }
    if (answer.matches >= MAX_FOUND_MATCHES) answer.stoppedBy = 'matches'
    else if (performance.now() - startedAt > SEARCH_TIME_MS) answer.stoppedBy = 'time'
    if (answer.stoppedBy !== undefined) break
  }
  batch.flush()
  return answer
}

/** What was found and is not told yet. */
class Batch {
  readonly #tell: (files: FoundFile[]) => void
  #files: FoundFile[] = []
  #matches = 0
  #toldAt = performance.now()

  constructor(tell: (files: FoundFile[]) => void) {
    this.#tell = tell
  }

  add(file: FoundFile): void {
    this.#files.push(file)
    this.#matches += file.matches.length
    if (this.#matches >= FOUND_BATCH_MATCHES || performance.now() - this.#toldAt > FOUND_BATCH_MS) this.flush()
  }

  flush(): void {
    if (this.#files.length > 0) this.#tell(this.#files)
    this.#files = []
    this.#matches = 0
    this.#toldAt = performance.now()
  }
}

/** A text that is meant as it stands is in a line only if it is in the file: most files are not cut into lines then. */
function mayHold(text: string, pattern: RegExp, { query }: FindSearch): boolean {
  return query.isRegex || text.search(pattern) !== -1
}

function matchesIn(text: string, pattern: RegExp, limit: number): FoundMatch[] {
  const matches: FoundMatch[] = []
  // An editor has no byte order mark in its text.
  for (const [index, line] of linesOf(text.replace(/^\uFEFF/, '')).entries()) {
    for (const { index: start, 0: match } of line.matchAll(pattern)) {
      matches.push({ line: index + 1, start, length: match.length, ...foundLine(line, start) })
      if (matches.length >= limit) return matches
    }
  }
  return matches
}

function isWantedBy({ include, exclude }: FindSearch): (path: string) => boolean {
  const [wanted, unwanted] = [include.flatMap(patternsOf), exclude.flatMap(patternsOf)]
  const isIn = (patterns: RegExp[], path: string) => patterns.some((pattern) => pattern.test(path))
  return (path) => (wanted.length === 0 || isIn(wanted, path)) && !isIn(unwanted, path)
}

/** A glob names files, and folders with all that is in them. */
function patternsOf(glob: string): RegExp[] {
  const bare = glob.replace(/^\.?\//, '').replace(/\/$/, '')
  // Without a slash it is a name, at any depth; `./name` is one at the top.
  const anywhere = bare.includes('/') || glob !== bare ? '' : '**/'
  return [globPattern(anywhere + bare), globPattern(`${anywhere}${bare}/**`)]
}
