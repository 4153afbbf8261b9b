import { statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { globPattern } from './glob-pattern.ts'
import {
  BINARY_LOOK_BYTES,
  MAX_ANSWER_CHARS,
  MAX_LINE_CHARS,
  MAX_SEARCHED_FILE_BYTES,
  MAX_WALKED_ENTRIES,
  MAX_WALK_DEPTH,
  SEARCH_TIME_MS,
} from './limits.ts'
import { readBounded } from './read-bounded.ts'
import type { GrepAnswer, GrepSearch } from './search-messages.ts'
import { walk } from './walk.ts'

/** Lines that match, file by file. Throws a `SyntaxError` for a pattern that is none. */
export function grep(search: GrepSearch): GrepAnswer {
  const pattern = compile(search)
  const answer: GrepAnswer = { kind: 'grep', lines: [], counts: [], matches: 0, filesSearched: 0, truncated: false }
  const until = performance.now() + SEARCH_TIME_MS
  let chars = 0
  for (const path of filesOf(search)) {
    const text = readText(path === '' ? search.root : join(search.root, path))
    if (text !== undefined) {
      answer.filesSearched++
      const name = path === '' ? basename(search.root) : path
      const numbers = matchingLines(text, pattern, search.multiline)
      if (numbers.length > 0) chars += take(answer, { name, text, numbers, search })
    }
    const found = search.mode === 'content' ? answer.matches : answer.counts.length
    if (found < search.limit && chars <= MAX_ANSWER_CHARS && performance.now() <= until) continue
    answer.truncated = true
    break
  }
  return answer
}

function compile({ pattern, ignoreCase, multiline }: GrepSearch): RegExp {
  const flags = `g${ignoreCase ? 'i' : ''}${multiline ? 'ms' : ''}`
  try {
    return new RegExp(pattern, `${flags}u`)
  } catch {
    // Flag u refuses escapes such as \- and \' that people write anyway.
    return new RegExp(pattern, flags)
  }
}

function* filesOf({ root, rulesFrom, includeIgnored, glob }: GrepSearch): Generator<string> {
  if (!statSync(root).isDirectory()) return yield ''
  const wanted = glob === undefined ? undefined : globPattern(glob)
  let walked = 0
  for (const { path, entry } of walk({ root, rulesFrom, includeIgnored, maxDepth: MAX_WALK_DEPTH })) {
    if (++walked > MAX_WALKED_ENTRIES) return
    if (entry.isFile() && (wanted === undefined || wanted.test(path))) yield path
  }
}

function readText(file: string): string | undefined {
  const bytes = readBounded(file, MAX_SEARCHED_FILE_BYTES)
  return bytes?.subarray(0, BINARY_LOOK_BYTES).includes(0) === false ? bytes.toString('utf8') : undefined
}

/** Numbers, from 0, of the lines that a match touches. */
function matchingLines(text: string, pattern: RegExp, multiline: boolean): number[] {
  if (!multiline) {
    return text.split('\n').flatMap((line, index) => {
      pattern.lastIndex = 0
      return (index > 0 || line !== '' || text !== '') && pattern.test(line) ? [index] : []
    })
  }
  const numbers = new Set<number>()
  let [line, at] = [0, 0]
  for (const { index, 0: match } of text.matchAll(pattern)) {
    for (; at < index; at++) if (text.charCodeAt(at) === 10) line++
    const lines = match.split('\n').length
    for (let offset = 0; offset < lines; offset++) numbers.add(line + offset)
  }
  return [...numbers]
}

interface Found {
  name: string
  text: string
  numbers: number[]
  search: GrepSearch
}

/** Adds what was found in one file; how many characters that took. */
function take(answer: GrepAnswer, { name, text, numbers, search }: Found): number {
  if (search.mode !== 'content') {
    answer.matches += numbers.length
    answer.counts.push({ path: name, count: numbers.length })
    return name.length
  }
  const wanted = numbers.slice(0, search.limit - answer.matches)
  answer.matches += wanted.length
  const lines = text.split('\n')
  const matching = new Set(wanted)
  const shown = new Set(
    wanted.flatMap((number) =>
      Array.from({ length: 2 * search.context + 1 }, (_, index) => number - search.context + index),
    ),
  )
  let chars = 0
  for (const number of [...shown].sort((a, b) => a - b)) {
    const line = lines[number]
    if (line === undefined || (number === lines.length - 1 && line === '' && !matching.has(number))) continue
    const cut = line.replace(/\r$/, '').slice(0, MAX_LINE_CHARS)
    chars += cut.length + name.length
    answer.lines.push({ path: name, line: number + 1, text: cut, isContext: !matching.has(number) })
  }
  return chars
}
