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
  for (const path of filesOf(search, onLimit)) {
    const file = path === '' ? search.root : join(search.root, path)
    const bytes = readBounded(file, MAX_SEARCHED_FILE_BYTES)
    if (bytes === undefined && isTooLarge(file)) answer.filesTooLarge++
    if (bytes?.subarray(0, BINARY_LOOK_BYTES).includes(0) === false) {
      answer.filesSearched++
      const name = path === '' ? basename(search.root) : path
      const lines = linesOf(bytes.toString('utf8'))
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

function compile({ pattern, ignoreCase, multiline }: GrepSearch): RegExp {
  // As other programs take them: flags in front, and names of classes.
  const [, inline = '', rest = pattern] = /^\(\?([ims]+)\)(.*)$/s.exec(pattern) ?? []
  const source = rest.replaceAll(/\[:([a-z]+):\]/g, (whole, name: string) => CLASSES[name] ?? whole)
  const flags = [...new Set(`g${ignoreCase ? 'i' : ''}${multiline ? 'ms' : ''}${inline}`)].join('')
  try {
    return new RegExp(source, `${flags}u`)
  } catch {
    // Flag u refuses escapes such as \- and \' that people write anyway.
    return new RegExp(source, flags)
  }
}

/** POSIX's (regex(7)), as they stand within brackets. */
const CLASSES: Record<string, string> = {
  alpha: 'a-zA-Z',
  digit: '0-9',
  alnum: 'a-zA-Z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: '\\s',
  blank: ' \\t',
  punct: '!-\\/:-@\\[-`{-~',
  xdigit: '0-9A-Fa-f',
}

function* filesOf(
  { root, rulesFrom, includeIgnored, glob = '**' }: GrepSearch,
  onLimit: () => void,
): Generator<string> {
  if (!statSync(root).isDirectory()) return yield ''
  const isExcluded = glob.startsWith('!')
  const named = globPattern(isExcluded ? glob.slice(1) : glob)
  let walked = 0
  for (const { path, entry } of walk({ root, rulesFrom, includeIgnored, maxDepth: MAX_WALK_DEPTH })) {
    if (++walked > MAX_WALKED_ENTRIES) return onLimit()
    if (entry.isFile() && named.test(path) !== isExcluded) yield path
  }
}

function isTooLarge(file: string): boolean {
  const stat = statSync(file, { throwIfNoEntry: false })
  return stat?.isFile() === true && stat.size > MAX_SEARCHED_FILE_BYTES
}

/** Without what ends them: a pattern's `$` is before a `\r` too. */
function linesOf(text: string): string[] {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return text.includes('\r') ? lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line)) : lines
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
