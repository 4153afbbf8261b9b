import { addLine, badPatch, dropBlankEnd, emptyHunk } from './hunk.ts'
import type { FileChange, Hunk } from './hunk.ts'

/**
 * The changes of a unified diff, of `git diff` and `git format-patch` too (git-diff(1), "generating patch text with -p").
 * Models miscount lines and leave numbers out, so a hunk is as long as it is; what cannot be carried out is refused by
 * name, never left out.
 */
export function parseUnified(lines: string[]): FileChange[] {
  const changes: FileChange[] = []
  // Before the first file, and between the mails of a series, is what people wrote.
  let isProse = true
  for (let at = 0; at < lines.length;) {
    const line = lines[at] ?? ''
    if (line.startsWith('diff --git ') || isFileHead(lines, at)) {
      const file = readFile(lines, at)
      changes.push(file.change)
      at = file.end
      isProse = false
      continue
    }
    if (/^Binary files .* differ$/.test(line)) throw refused(line, 'is of binary files')
    if (SIGNATURE.test(line)) isProse = true
    else if (!isProse && /^([-+ ].|@@)/.test(line))
      throw badPatch(`Line ${at + 1} belongs to no change of a file: ${JSON.stringify(line.slice(0, 100))}.`)
    at += 1
  }
  if (changes.length === 0)
    throw badPatch('This is neither "*** Begin Patch" nor a unified diff with ---, +++ and @@ lines.')
  return changes
}

/** What `git format-patch` ends with. */
const SIGNATURE = /^-- ?$/

/** What git says of a file before its lines. */
interface GitHead {
  name?: string
  renameFrom?: string
  renameTo?: string
  newMode?: string
  isDeleted: boolean
}

function readFile(lines: string[], from: number): { change: FileChange; end: number } {
  const isGit = (lines[from] ?? '').startsWith('diff --git ')
  const { head, end: afterHead } = isGit ? readGitHead(lines, from) : { head: { isDeleted: false }, end: from }
  let at = afterHead
  let [before, after] = [head.renameFrom ?? head.name, head.renameTo ?? head.name]
  const hunks: Hunk[] = []
  if (isFileHead(lines, at)) {
    ;[before, after] = [nameIn(lines[at] ?? ''), nameIn(lines[at + 1] ?? '')]
    const path = after ?? before ?? ''
    for (at += 2; (lines[at] ?? '').startsWith('@@');) {
      const read = readHunk(lines, at, path)
      hunks.push(read.hunk)
      at = read.end
    }
    if (hunks.length === 0) throw badPatch(`There are no lines with @@ below the name ${path}.`)
  } else if (head.newMode !== undefined) before = undefined
  else if (head.isDeleted) after = undefined
  else if (head.renameTo === undefined)
    throw badPatch(`Line ${from + 1} begins no change of a file: ${JSON.stringify((lines[from] ?? '').slice(0, 200))}.`)
  return { change: changeOf({ before, after, hunks, newMode: head.newMode }), end: at }
}

function readGitHead(lines: string[], from: number): { head: GitHead; end: number } {
  const first = lines[from] ?? ''
  const [, name] = /^diff --git a\/(.+) b\/\1$/.exec(first) ?? []
  const head: GitHead = { isDeleted: false, ...(name !== undefined && { name }) }
  let at = from + 1
  for (; at < lines.length && !isFileHead(lines, at); at += 1) {
    const line = lines[at] ?? ''
    const [, word, rest = ''] = GIT_HEAD_LINE.exec(line) ?? []
    if (word === undefined) break
    if (word === 'rename from') head.renameFrom = unquoted(rest)
    if (word === 'rename to') head.renameTo = unquoted(rest)
    if (word === 'new file mode') head.newMode = rest
    if (word === 'deleted file mode') head.isDeleted = true
    if (word === 'old mode') throw refused(first, 'changes a mode: do that with exec and chmod')
    if (word.startsWith('copy')) throw refused(first, 'copies a file')
    if (word === 'GIT binary patch' || word === 'Binary files') throw refused(first, 'is of a binary file')
  }
  if (head.newMode !== undefined && !/^100(644|755)$/.test(head.newMode))
    throw refused(first, 'makes what is no regular file')
  return { head, end: at }
}

const GIT_HEAD_LINE =
  /^(index|similarity index|dissimilarity index|old mode|new mode|new file mode|deleted file mode|rename from|rename to|copy from|copy to|GIT binary patch|Binary files)(?: (.*))?$/

/** Whether `---` and `+++` with names stand here. */
function isFileHead(lines: string[], at: number): boolean {
  return (lines[at] ?? '').startsWith('--- ') && (lines[at + 1] ?? '').startsWith('+++ ')
}

/** The hunk whose `@@` stands at `from`, and where the next thing begins. */
function readHunk(lines: string[], from: number, path: string): { hunk: Hunk; end: number } {
  const header = lines[from] ?? ''
  const [, line, oldCount = '1', newCount = '1'] = /^@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(header) ?? []
  if (line !== undefined) {
    const start = { ...emptyHunk(), line: Number(line) }
    const counted = readCounted(lines, from + 1, { hunk: start, old: Number(oldCount), new: Number(newCount), path })
    if (counted !== undefined) return counted
  }
  // The counts are wrong, or there are none.
  const hunk = emptyHunk()
  if (line !== undefined) hunk.line = Number(line)
  const after = header.slice(2).replace(/^ /, '').replace(/ ?@@$/, '')
  if (line === undefined && after !== '' && after !== '...') hunk.after = after
  let end = from + 1
  while (end < lines.length && !isHunkEnd(lines, end)) end += 1
  for (const [index, each] of dropBlankEnd(lines.slice(from + 1, end)).entries())
    addUnified(hunk, each, { before: lines[from + index] ?? '', path })
  return { hunk, end }
}

function isHunkEnd(lines: string[], at: number): boolean {
  const line = lines[at] ?? ''
  return line.startsWith('@@') || line.startsWith('diff --git ') || SIGNATURE.test(line) || isFileHead(lines, at)
}

interface Counted {
  hunk: Hunk
  old: number
  new: number
  path: string
}

/** Reads as many lines as the header counts, which may look like anything; `undefined` where they are not so many. */
function readCounted(lines: string[], from: number, { hunk, path, ...counts }: Counted) {
  let at = from
  for (; hunk.old.length < counts.old || hunk.new.length < counts.new; at += 1) {
    const line = lines[at]
    if (line === undefined || !/^[-+ \\]|^$/.test(line)) return undefined
    addUnified(hunk, line, { before: lines[at - 1] ?? '', path })
  }
  for (; (lines[at] ?? '').startsWith('\\'); at += 1)
    addUnified(hunk, lines[at] ?? '', { before: lines[at - 1] ?? '', path })
  const isExact = hunk.old.length === counts.old && hunk.new.length === counts.new
  const isOver = !/^[-+ ]/.test(lines[at] ?? '') || isHunkEnd(lines, at)
  // An empty line that is counted though nothing follows it is where the patch ends, not the file.
  const isShort = at >= lines.length && lines.at(-1) === ''
  return isExact && isOver && !isShort ? { hunk, end: at } : undefined
}

/** One more line; `\ No newline at end of file` speaks of the one before it. */
function addUnified(hunk: Hunk, line: string, { before, path }: { before: string; path: string }): void {
  if (!line.startsWith('\\')) return addLine(hunk, line, path)
  hunk.isAtEnd = true
  if (before.startsWith('+') || before.startsWith(' ')) hunk.endsWithoutBreak = true
}

interface Change {
  before: string | undefined
  after: string | undefined
  hunks: Hunk[]
  newMode: string | undefined
}

function changeOf({ before, after, hunks, newMode }: Change): FileChange {
  if (after === undefined) {
    if (before === undefined) throw badPatch('A file of this diff has no name.')
    return { op: 'delete', path: before }
  }
  if (before !== undefined) return { op: 'update', path: before, to: after === before ? undefined : after, hunks }
  const lines = hunks.flatMap((hunk) => hunk.new)
  const end = hunks.at(-1)?.endsWithoutBreak === true ? '' : '\n'
  const content = lines.length === 0 ? '' : lines.join('\n') + end
  return { op: 'add', path: after, content, ...(newMode === '100755' && { isExecutable: true }) }
}

/** The name in a `---` or `+++` line; `undefined` for /dev/null. */
function nameIn(line: string): string | undefined {
  const name = unquoted(line.slice(4).split('\t')[0]?.trim() ?? '')
  return name === '/dev/null' || name === '' ? undefined : name.replace(/^[ab]\//, '')
}

/** Git puts names with unusual characters into quotes, their bytes in octal (git-config(1), core.quotePath). */
function unquoted(name: string): string {
  const [, inner] = /^"(.*)"$/.exec(name) ?? []
  if (inner === undefined) return name
  const bytes = inner.replaceAll(/\\(?:([0-7]{3})|(.))/g, (_, octal: string | undefined, escaped: string | undefined) =>
    octal === undefined ? (ESCAPED[escaped ?? ''] ?? escaped ?? '') : String.fromCodePoint(Number.parseInt(octal, 8)),
  )
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

const ESCAPED: Record<string, string> = { n: '\n', t: '\t', r: '\r' }

function refused(section: string, why: string) {
  return badPatch(
    `A part of this patch ${why}, which cannot be done here: ${section.slice(0, 200)}. Nothing was changed.`,
  )
}
