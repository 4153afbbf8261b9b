import { SidecarError } from '../sidecar-error.ts'
import type { Hunk } from './patch.ts'

/** How alike lines must be to be the same, from strict to lenient: models get white space wrong. */
const SAMENESS = [(line: string) => line, (line: string) => line.trimEnd(), (line: string) => line.trim()]

/** A file's text after its hunks, each found from where the one before ended. */
export function applyHunks(text: string, hunks: readonly Hunk[], path: string): string {
  const lineBreak = text.includes('\r\n') ? '\r\n' : '\n'
  const lines = text === '' ? [] : text.split(/\r?\n/)
  let endsWithBreak = text === '' || lines.at(-1) === ''
  if (lines.at(-1) === '') lines.pop()
  const result: string[] = []
  let from = 0
  for (const hunk of hunks) {
    const at = locate(lines, hunk, { from, path })
    result.push(...lines.slice(from, at), ...keepContext(lines, hunk, at))
    from = at + hunk.old.length
    if (hunk.endsWithoutBreak) endsWithBreak = false
    else if (hunk.isAtEnd && from === lines.length) endsWithBreak = true
  }
  result.push(...lines.slice(from))
  const end = endsWithBreak && result.length > 0 ? lineBreak : ''
  return result.join(lineBreak) + end
}

/** The new lines, those that were there before as they were: a match may have been lenient. */
function keepContext(lines: string[], hunk: Hunk, at: number): string[] {
  const there = lines.slice(at, at + hunk.old.length)
  const kept = [...hunk.new]
  let front = 0
  while (front < kept.length && front < there.length && hunk.old[front] === hunk.new[front]) {
    kept[front] = there[front] ?? ''
    front += 1
  }
  let back = 1
  while (back <= kept.length - front && back <= there.length - front && hunk.old.at(-back) === hunk.new.at(-back)) {
    kept[kept.length - back] = there.at(-back) ?? ''
    back += 1
  }
  return kept
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
