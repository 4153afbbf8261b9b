import { SidecarError } from '../sidecar-error.ts'
import type { Hunk } from './hunk.ts'

/** How alike lines must be to be the same, from strict to lenient: models get white space wrong. */
const SAMENESS = [(line: string) => line, (line: string) => line.trimEnd(), (line: string) => line.trim()]

/** A line and what ends it: a file may have both kinds, and what no hunk touches stays as it is. */
interface Line {
  text: string
  /** Empty for the last line where it has none, and for a new one: that gets its neighbour's. */
  end: '\n' | '\r\n' | ''
}

/** A file's text after its hunks, each found from where the one before ended. */
export function applyHunks(text: string, hunks: readonly Hunk[], path: string): string {
  const all = linesOf(text)
  const lines = all.map((line) => line.text)
  let endsWithBreak = all.at(-1)?.end !== ''
  const result: Line[] = []
  let from = 0
  for (const hunk of hunks) {
    const at = locate(lines, hunk, { from, path })
    result.push(...all.slice(from, at), ...keepContext(all.slice(at, at + hunk.old.length), hunk))
    from = at + hunk.old.length
    if (hunk.endsWithoutBreak) endsWithBreak = false
    else if (hunk.isAtEnd && from === lines.length) endsWithBreak = true
  }
  result.push(...all.slice(from))
  return joinLines(result, { firstEnd: all[0]?.end, endsWithBreak })
}

function linesOf(text: string): Line[] {
  const found = text.match(/[^\n]*\n|[^\n]+$/g) ?? []
  return found.map((line) => {
    if (!line.endsWith('\n')) return { text: line, end: '' }
    const end = line.endsWith('\r\n') ? '\r\n' : '\n'
    return { text: line.slice(0, -end.length), end }
  })
}

function joinLines(
  lines: Line[],
  { firstEnd, endsWithBreak }: { firstEnd: Line['end'] | undefined; endsWithBreak: boolean },
): string {
  let before = firstEnd || '\n'
  const ended = lines.map(({ text, end }) => {
    before = end || before
    return text + before
  })
  const text = ended.join('')
  return endsWithBreak || lines.length === 0 ? text : text.slice(0, -before.length)
}

/** The new lines, those that were there before as they were: a match may have been lenient. */
function keepContext(there: Line[], { old, new: wanted }: Hunk): Line[] {
  const shorter = Math.min(wanted.length, there.length)
  let front = 0
  while (front < shorter && old[front] === wanted[front]) front += 1
  let back = 0
  while (back < shorter - front && old.at(-back - 1) === wanted.at(-back - 1)) back += 1
  const replaced = there.slice(front, there.length - back)
  const changed = wanted.slice(front, wanted.length - back)
  return [
    ...there.slice(0, front),
    // One that takes another's place ends like it.
    ...changed.map((text, at): Line => ({ text, end: replaced[at]?.end ?? '' })),
    ...there.slice(there.length - back),
  ]
}

interface Search {
  from: number
  path: string
}

function locate(lines: string[], hunk: Hunk, { from, path }: Search): number {
  const start = hunk.after === undefined ? from : afterContext(lines, hunk.after, { from, path })
  if (hunk.old.length === 0) return placeToInsert(lines, hunk, start)
  for (const same of SAMENESS) {
    const wanted = hunk.old.map((line) => same(line))
    const places: number[] = []
    for (let at = start; at + wanted.length <= lines.length; at += 1)
      if (wanted.every((line, index) => line === same(lines[at + index] ?? ''))) places.push(at)
    const place = choose(places, hunk, lines.length)
    if (place !== undefined) return place
  }
  const shown = hunk.old.slice(0, 3).join('\n').slice(0, 300)
  throw new SidecarError('conflict', `A change to ${path} does not fit: these lines were not found:\n${shown}`, {
    advice: 'Read the file again and write the patch with its lines as they are now. Nothing was changed.',
  })
}

/** The place at the end if that is meant, else the one nearest to the line that was said, else the first. */
function choose(places: number[], hunk: Hunk, length: number): number | undefined {
  if (hunk.isAtEnd) return places.find((at) => at + hunk.old.length === length) ?? places.at(-1)
  const { line } = hunk
  if (line === undefined) return places[0]
  return places.toSorted((a, b) => Math.abs(a + 1 - line) - Math.abs(b + 1 - line))[0]
}

function placeToInsert(lines: string[], hunk: Hunk, start: number): number {
  if (hunk.after !== undefined) return start
  // `@@ -5,0 +6,2 @@` inserts after line 5.
  if (hunk.line !== undefined) return Math.max(start, Math.min(hunk.line, lines.length))
  return lines.length
}

function afterContext(lines: string[], context: string, { from, path }: Search): number {
  for (const same of SAMENESS) {
    const at = lines.findIndex((line, index) => index >= from && same(line) === same(context))
    if (at !== -1) return at + 1
  }
  throw new SidecarError(
    'conflict',
    `A change to ${path} does not fit: the line after @@ was not found: ${context.slice(0, 200)}`,
    {
      advice: 'Read the file again and write the patch with its lines as they are now. Nothing was changed.',
    },
  )
}
