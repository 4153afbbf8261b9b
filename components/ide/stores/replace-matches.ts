import { foundLine } from '#protocol/found-line.ts'
import { compileQuery } from '#protocol/search-pattern.ts'
import type { FoundMatch, TextQuery } from '#protocol/text-search.ts'

interface Replacing {
  query: TextQuery
  replacement: string
  /** What is to be replaced, and what else was found in the file. */
  chosen: readonly FoundMatch[]
  others: readonly FoundMatch[]
}

interface Replaced {
  text: string
  /** How many were replaced. The rest of the chosen does not stand any more where it was found. */
  count: number
  /** The others, where they are now. */
  others: FoundMatch[]
}

/** Replaces what was found in a text, only where it still stands. Line ends and a byte order mark stay. */
export function replaceMatches(text: string, { query, replacement, chosen, others }: Replacing): Replaced {
  const pattern = compileQuery(query)
  const mark = text.startsWith(BOM) ? BOM : ''
  const lines = text.slice(mark.length).split('\n')
  const wanted = Map.groupBy(chosen, ({ line }) => line)
  let count = 0
  let moved = [...others]
  for (const [number, matches] of wanted) {
    const line = lines[number - 1]
    if (line === undefined) continue
    const end = line.endsWith('\r') ? '\r' : ''
    const edits = editsOf(end === '' ? line : line.slice(0, -1), { pattern, matches, query, replacement, end })
    count += edits.list.length
    lines[number - 1] = edits.line + end
    moved = moved.flatMap((other) => (other.line === number ? afterEdits(other, edits) : [other]))
  }
  const added = (line: number): number => (lines[line - 1] ?? '').split('\n').length - 1
  const shifts = [...wanted.keys()].map((line) => ({ line, by: added(line) })).filter(({ by }) => by > 0)
  const shift = (at: number): number => shifts.reduce((sum, { line, by }) => (line < at ? sum + by : sum), 0)
  return {
    text: mark + lines.join('\n'),
    count,
    others: moved.map((other) => ({ ...other, line: other.line + shift(other.line) })),
  }
}

interface Edits {
  list: { found: RegExpExecArray; by: string }[]
  /** The line with them. */
  line: string
}

interface Editing extends Pick<Replacing, 'query' | 'replacement'> {
  pattern: RegExp
  matches: readonly FoundMatch[]
  /** What the line ends with beside its line feed. */
  end: string
}

function editsOf(line: string, { pattern, matches, query, replacement, end }: Editing): Edits {
  const list = [...line.matchAll(pattern)]
    .filter((found) => matches.some((match) => isAt(found, match)))
    .map((found) => ({
      found,
      by: expandReplacement(replacement, found, query.isRegex).replaceAll('\n', `${end}\n`),
    }))
  return { list, line: list.reduceRight((text, { found, by }) => splice(text, found, by), line) }
}

/** Where another match of an edited line is now; nowhere that could be said if the line was broken in two. */
function afterEdits(other: FoundMatch, { list, line }: Edits): FoundMatch[] {
  if (line.includes('\n')) return []
  const before = list.filter(({ found }) => found.index < other.start)
  const start = before.reduce((at, { found, by }) => at + by.length - found[0].length, other.start)
  return [{ ...other, start, ...foundLine(line, start) }]
}

/** What a match becomes, as far as that can be told from the part of its line that is shown. */
export function shownReplacement({ text, at, length }: FoundMatch, query: TextQuery, replacement: string): string {
  const found = [...text.matchAll(compileQuery(query))].find(
    (found) => found.index === at && found[0].length === length,
  )
  return found === undefined ? replacement : expandReplacement(replacement, found, query.isRegex)
}

/**
 * A replacement for one match: of a pattern `$1`, `$<name>`, `$&` and `$$` stand for what they do in JavaScript
 * (ECMA-262 §22.1.3.19.1), and `\n`, `\t` and `\\` for a line end, a tab and a backslash.
 */
function expandReplacement(replacement: string, found: RegExpExecArray, isRegex: boolean): string {
  if (!isRegex) return replacement
  return replacement.replaceAll(/\$(?:([$&])|(\d{1,2})|<([^>]+)>)|\\([nt\\])/g, (whole, ...parts) => {
    const [sign, digits, name, escaped]: unknown[] = parts
    if (typeof escaped === 'string') return ESCAPES[escaped] ?? whole
    if (sign === '$') return '$'
    if (sign === '&') return found[0]
    if (typeof name === 'string') return found.groups === undefined ? whole : (found.groups[name] ?? '')
    return typeof digits === 'string' ? groupOf(found, digits, whole) : whole
  })
}

/** `$12` is the twelfth group where there is one, else the first and a 2. */
function groupOf(found: RegExpExecArray, digits: string, whole: string): string {
  const isGroup = (number: number): boolean => number >= 1 && number < found.length
  if (isGroup(Number(digits))) return found[Number(digits)] ?? ''
  const first = Number(digits.slice(0, 1))
  return digits.length === 2 && isGroup(first) ? (found[first] ?? '') + digits.slice(1) : whole
}

function isAt(found: RegExpExecArray, { start, length }: FoundMatch): boolean {
  return found.index === start && found[0].length === length
}

function splice(line: string, found: RegExpExecArray, by: string): string {
  return line.slice(0, found.index) + by + line.slice(found.index + found[0].length)
}

const BOM = '\uFEFF'
const ESCAPES: Record<string, string> = { n: '\n', t: '\t', '\\': '\\' }
