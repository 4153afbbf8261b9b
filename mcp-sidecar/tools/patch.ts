import { SidecarError } from '../sidecar-error.ts'

/** A piece of a file to be found and replaced. */
export interface Hunk {
  old: string[]
  new: string[]
  /** A line that comes before it (`@@ context`). */
  after?: string
  /** Where a unified diff says that it begins, from 1. */
  line?: number
  /** It lies at the end of the file. */
  isAtEnd: boolean
  /** The text is to end without a line break. */
  endsWithoutBreak: boolean
}

export type FileChange =
  | { op: 'add'; path: string; content: string }
  | { op: 'delete'; path: string }
  | { op: 'update'; path: string; to: string | undefined; hunks: Hunk[] }

/** What a patch wants, in either of the formats that models write. */
export function parsePatch(patch: string): FileChange[] {
  const lines = patch.replaceAll('\r\n', '\n').split('\n')
  const begin = lines.findIndex((line) => line.trim() === '*** Begin Patch')
  const changes = begin === -1 ? parseUnified(lines) : parseSections(lines.slice(begin + 1))
  if (changes.length > 0) return changes
  throw bad('There is no change in this patch.')
}

function parseSections(lines: string[]): FileChange[] {
  const changes: FileChange[] = []
  let at = 0
  while (at < lines.length) {
    const line = lines[at] ?? ''
    at += 1
    if (line.trim() === '*** End Patch') return changes
    if (line.trim() === '') continue
    const [, verb, path = ''] = /^\*\*\* (Add|Update|Delete) File: (.+?)\s*$/.exec(line) ?? []
    if (verb === undefined) throw bad(`Line ${at} is no section of a patch: ${JSON.stringify(line.slice(0, 100))}.`)
    const end = lines.findIndex(
      (each, index) => index >= at && /^\*\*\* (Add|Update|Delete) File: |^\*\*\* End Patch/.test(each),
    )
    const body = lines.slice(at, end === -1 ? undefined : end)
    at = end === -1 ? lines.length : end
    changes.push(sectionOf(verb, path, body))
  }
  return changes
}

function sectionOf(verb: string, path: string, body: string[]): FileChange {
  if (verb === 'Delete') return { op: 'delete', path }
  if (verb === 'Add') {
    const written = dropBlankEnd(body)
    const wrong = written.find((line) => !line.startsWith('+'))
    if (wrong !== undefined)
      throw bad(`Each line of the new file ${path} must begin with +: ${JSON.stringify(wrong.slice(0, 100))}.`)
    return { op: 'add', path, content: written.map((line) => `${line.slice(1)}\n`).join('') }
  }
  const [, to] = /^\*\*\* Move to: (.+?)\s*$/.exec(body[0] ?? '') ?? []
  return { op: 'update', path, to, hunks: sectionHunks(to === undefined ? body : body.slice(1), path) }
}

function sectionHunks(body: string[], path: string): Hunk[] {
  const hunks: Hunk[] = []
  let hunk: Hunk | undefined
  for (const line of dropBlankEnd(body)) {
    if (line.startsWith('@@')) {
      const after = line.slice(2).replace(/^ /, '').replace(/ ?@@$/, '')
      hunk = emptyHunk()
      if (after.trim() !== '' && !/^-\d/.test(after)) hunk.after = after
      hunks.push(hunk)
      continue
    }
    if (hunk === undefined) hunks.push((hunk = emptyHunk()))
    if (line === '*** End of File') hunk.isAtEnd = true
    else addLine(hunk, line, path)
  }
  return hunks
}

function parseUnified(lines: string[]): FileChange[] {
  const changes: FileChange[] = []
  let at = 0
  while (at < lines.length) {
    if (!(lines[at] ?? '').startsWith('--- ') || !(lines[at + 1] ?? '').startsWith('+++ ')) {
      at += 1
      continue
    }
    const [from, to] = [nameIn(lines[at] ?? ''), nameIn(lines[at + 1] ?? '')]
    at += 2
    const hunks: Hunk[] = []
    for (;;) {
      const [, line, oldCount = '1', newCount = '1'] =
        /^@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(lines[at] ?? '') ?? []
      if (line === undefined) break
      const hunk = { ...emptyHunk(), line: Number(line) }
      at = readUnifiedHunk(lines, at + 1, {
        hunk,
        old: Number(oldCount),
        new: Number(newCount),
        path: to ?? from ?? '',
      })
      hunks.push(hunk)
    }
    changes.push(unifiedChange(from, to, hunks))
  }
  if (changes.length === 0)
    throw bad('This is neither "*** Begin Patch" nor a unified diff with ---, +++ and @@ lines.')
  return changes
}

interface UnifiedHunk {
  hunk: Hunk
  old: number
  new: number
  path: string
}

/** Reads as many lines as the header counts; where the next thing begins. */
function readUnifiedHunk(lines: string[], from: number, { hunk, path, ...counts }: UnifiedHunk): number {
  let at = from
  while (at < lines.length && (hunk.old.length < counts.old || hunk.new.length < counts.new)) {
    const line = lines[at] ?? ''
    if (line.startsWith('\\')) noteMissingBreak(hunk, lines[at - 1] ?? '')
    else addLine(hunk, line, path)
    at += 1
  }
  while ((lines[at] ?? '').startsWith('\\')) {
    noteMissingBreak(hunk, lines[at - 1] ?? '')
    at += 1
  }
  return at
}

function unifiedChange(from: string | undefined, to: string | undefined, hunks: Hunk[]): FileChange {
  if (from === undefined && to === undefined) throw bad('A file of this diff has no name.')
  if (to === undefined) return { op: 'delete', path: from ?? '' }
  if (from === undefined) {
    const lines = hunks.flatMap((hunk) => hunk.new)
    const end = hunks.at(-1)?.endsWithoutBreak === true ? '' : '\n'
    return { op: 'add', path: to, content: lines.length === 0 ? '' : lines.join('\n') + end }
  }
  return { op: 'update', path: from, to: to === from ? undefined : to, hunks }
}

/** The name in a `---` or `+++` line; `undefined` for /dev/null. */
function nameIn(line: string): string | undefined {
  const name = line.slice(4).split('\t')[0]?.trim() ?? ''
  return name === '/dev/null' || name === '' ? undefined : name.replace(/^[ab]\//, '')
}

function addLine(hunk: Hunk, line: string, path: string): void {
  const text = line.slice(1)
  if (line.startsWith('+')) hunk.new.push(text)
  else if (line.startsWith('-')) hunk.old.push(text)
  else if (line.startsWith(' ') || line === '') {
    // Editors and models drop the one space of an empty context line.
    hunk.old.push(text)
    hunk.new.push(text)
  } else if (!line.startsWith('\\'))
    throw bad(
      `A line of the change to ${path} begins with neither "+", "-" nor a space: ${JSON.stringify(line.slice(0, 100))}.`,
    )
}

/** `\ No newline at end of file` speaks of the line before it. */
function noteMissingBreak(hunk: Hunk, before: string): void {
  hunk.isAtEnd = true
  if (before.startsWith('+') || before.startsWith(' ')) hunk.endsWithoutBreak = true
}

function emptyHunk(): Hunk {
  return { old: [], new: [], isAtEnd: false, endsWithoutBreak: false }
}

function dropBlankEnd(lines: string[]): string[] {
  const end = lines.findLastIndex((line) => line !== '')
  return lines.slice(0, end + 1)
}

function bad(message: string): SidecarError {
  return new SidecarError('bad_request', message, {
    advice:
      'Write the patch again: "*** Begin Patch", "*** Update File: path", "@@", lines with " ", "-" or "+", "*** End Patch".',
  })
}
