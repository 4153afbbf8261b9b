/** What is shown of the line about a match, at most, and before the match. */
export const FOUND_TEXT_CHARS = 240
const FOUND_TEXT_BEFORE_CHARS = 24

/** The line about a match that begins at `start`, without its indentation: `at` is where the match begins in `text`. */
export function foundLine(line: string, start: number): { text: string; at: number } {
  const indent = Math.min(line.length - line.trimStart().length, start)
  const from = Math.max(indent, start - FOUND_TEXT_BEFORE_CHARS)
  const before = from > indent ? '…' : ''
  const text = line.slice(from, from + FOUND_TEXT_CHARS)
  return { text: before + text.toWellFormed(), at: before.length + start - from }
}
