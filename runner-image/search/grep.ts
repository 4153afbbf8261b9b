import { basename } from 'node:path'
import { compilePattern } from '#protocol/search-pattern.ts'
import { globPattern } from './glob-pattern.ts'
import { MAX_ANSWER_CHARS, MAX_LINE_CHARS, SEARCH_TIME_MS } from './limits.ts'
import type { GrepAnswer, GrepSearch } from './search-messages.ts'
import { linesOf, searchedFiles, searchedText } from './searched-files.ts'

/** Lines that match, file by file. Throws a `SyntaxError` for a pattern that is none. */
export function grep(search: GrepSearch): GrepAnswer {
  const pattern = compilePattern(search)
  const answer: GrepAnswer = {
    kind: 'grep',
    lines: [],
    counts: [],
    matches: 0,
    filesSearched: 0,
    filesTooLarge: 0,
    truncated: false,
  }
  const onLimit = () => {
    answer.truncated = true
  }
  const until = performance.now() + SEARCH_TIME_MS
  let chars = 0
  for (const path of searchedFiles(search, { isWanted: isWantedBy(search.glob), onLimit })) {
    const text = searchedText(search.root, path)
    if (text === null) answer.filesTooLarge++
    else if (text !== undefined) {
      answer.filesSearched++
      const name = path === '' ? basename(search.root) : path
      const lines = linesOf(text)
      const numbers = matchingLines(lines, pattern, search.multiline)
      if (numbers.length > 0) chars += take(answer, { name, lines, numbers, pattern, search })
    }
    const found = search.mode === 'content' ? answer.matches : answer.counts.length
    if (found < search.limit && chars <= MAX_ANSWER_CHARS && performance.now() <= until) continue
    onLimit()
    break
  }
  return answer
}

/** Whether a file is meant by the glob, which may begin with `!`. */
function isWantedBy(glob = '**'): (path: string) => boolean {
  const isExcluded = glob.startsWith('!')
  const named = globPattern(isExcluded ? glob.slice(1) : glob)
  return (path) => named.test(path) !== isExcluded
}

/** Numbers, from 0, of the lines that a match touches. */
function matchingLines(lines: string[], pattern: RegExp, multiline: boolean): number[] {
  if (!multiline) {
    return lines.flatMap((line, index) => {
      pattern.lastIndex = 0
      return pattern.test(line) ? [index] : []
    })
  }
  const text = lines.join('\n')
  const numbers = new Set<number>()
  let [line, at] = [0, 0]
  for (const { index, 0: match } of text.matchAll(pattern)) {
    for (; at < index; at++) if (text.charCodeAt(at) === 10) line++
    const count = match.split('\n').length
    for (let offset = 0; offset < count; offset++) numbers.add(line + offset)
  }
  return [...numbers]
}

interface Found {
  name: string
  lines: string[]
  numbers: number[]
  pattern: RegExp
  search: GrepSearch
}

/** Adds what was found in one file; how many characters that took. */
function take(answer: GrepAnswer, { name, lines, numbers, pattern, search }: Found): number {
  if (search.mode !== 'content') {
    answer.matches += numbers.length
    answer.counts.push({ path: name, count: numbers.length })
    return name.length
  }
  const wanted = numbers.slice(0, search.limit - answer.matches)
  answer.matches += wanted.length
  const matching = new Set(wanted)
  const shown = new Set(
    wanted.flatMap((number) =>
      Array.from({ length: 2 * search.context + 1 }, (_, index) => number - search.context + index),
    ),
  )
  let chars = 0
  for (const number of [...shown].sort((a, b) => a - b)) {
    const line = lines[number]
    if (line === undefined) continue
    const isContext = !matching.has(number)
    const text = cut(line, isContext || search.multiline ? 0 : line.search(pattern))
    chars += text.length + name.length
    answer.lines.push({ path: name, line: number + 1, text, isContext })
  }
  return chars
}

/** A long line, as far as it lies about `at`. */
function cut(line: string, at: number): string {
  if (line.length <= MAX_LINE_CHARS) return line
  const from = Math.max(0, Math.min(at - MAX_LINE_CHARS / 4, line.length - MAX_LINE_CHARS))
  const to = from + MAX_LINE_CHARS
  return `${from > 0 ? '…' : ''}${line.slice(from, to)}${to < line.length ? '…' : ''}`
}
