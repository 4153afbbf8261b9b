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

/** What a patch does to one file. */
export type FileChange =
  | { op: 'add'; path: string; content: string; isExecutable?: boolean }
  | { op: 'delete'; path: string }
  | { op: 'update'; path: string; to: string | undefined; hunks: Hunk[] }

export function emptyHunk(): Hunk {
  return { old: [], new: [], isAtEnd: false, endsWithoutBreak: false }
}

/** One more line of the change to `path`. */
export function addLine(hunk: Hunk, line: string, path: string): void {
  const text = line.slice(1)
  if (line.startsWith('+')) hunk.new.push(text)
  else if (line.startsWith('-')) hunk.old.push(text)
  else if (line.startsWith(' ') || line === '') {
    // Editors and models drop the one space of an empty context line.
    hunk.old.push(text)
    hunk.new.push(text)
  } else if (!line.startsWith('\\'))
    throw badPatch(
      `A line of the change to ${path} begins with neither "+", "-" nor a space: ${JSON.stringify(line.slice(0, 100))}.`,
    )
}

/** Without the empty lines at the end, which are the patch's rather than the file's. */
export function dropBlankEnd(lines: string[]): string[] {
  const end = lines.findLastIndex((line) => line !== '')
  return lines.slice(0, end + 1)
}

/** A patch that is refused, and how one is written. */
export function badPatch(message: string): SidecarError {
  return new SidecarError('bad_request', message, {
    advice:
      'Write the patch again: "*** Begin Patch", "*** Update File: path", "@@", lines with " ", "-" or "+", "*** End Patch".',
  })
}
