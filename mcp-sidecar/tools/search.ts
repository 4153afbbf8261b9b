import { RESULT_CHARS } from '#protocol/tools/limits.ts'
import * as definitions from '#protocol/tools/search.ts'
import type { GrepAnswer } from '../runner/runner-api.ts'
import { count, cutLines, cutMiddle } from './output.ts'
import { textTool } from './tool.ts'

const IGNORED = '; what git ignores is left out'

export const glob = textTool(definitions.glob, async (args, { runner }) => {
  const { entries, total, truncated } = await runner.files.glob({
    pattern: args.pattern,
    path: args.path,
    includeIgnored: args.include_ignored,
    limit: args.limit,
  })
  const lines = entries.map(({ path }) => path)
  const left = truncated ? `; ${count(entries.length)} shown, newest first: raise limit or narrow the pattern` : ''
  const why = total === 0 ? '; a glob names files, as src/** does all in a folder' : ''
  const summary = `[${count(total)} files${left}${why}${total === 0 && !args.include_ignored ? IGNORED : ''}]`
  return { text: bounded(lines, summary), meta: { total, truncated } }
})

export const grep = textTool(definitions.grep, async (args, { runner, signal }) => {
  const found = await runner.files.grep(
    {
      pattern: args.pattern,
      path: args.path,
      ...(args.glob !== undefined && { glob: args.glob }),
      mode: args.mode,
      context: args.context,
      ignoreCase: args.ignore_case,
      multiline: args.multiline,
      limit: args.limit,
    },
    { signal },
  )
  const lines = args.mode === 'content' ? contentLines(found, args.context) : countLines(found, args.mode)
  const left = found.truncated ? '; not all: raise limit, or narrow with path or glob' : ''
  const large = found.filesTooLarge > 0 ? `; ${count(found.filesTooLarge)} too large for this: use exec with grep` : ''
  const none = found.filesSearched === 0 && found.filesTooLarge === 0 ? IGNORED : ''
  const summary = `[${count(found.matches)} matches in ${count(found.filesSearched)} files searched${left}${large}${none}]`
  return {
    text: bounded(lines, summary),
    meta: { matches: found.matches, truncated: found.truncated },
  }
})

function contentLines({ lines }: GrepAnswer, context: number): string[] {
  const shown: string[] = []
  let before: { path: string; line: number } | undefined
  for (const { path, line, text, isContext } of lines) {
    const isGap = before !== undefined && (before.path !== path || line > before.line + 1)
    if (context > 0 && isGap) shown.push('--')
    const mark = isContext ? '-' : ':'
    shown.push(cutLines(`${path}${mark}${line}${mark}${text}`))
    before = { path, line }
  }
  return shown
}

function countLines({ counts }: GrepAnswer, mode: 'files' | 'count'): string[] {
  return counts.map(({ path, count: hits }) => (mode === 'count' ? `${path}:${hits}` : path))
}

/** What stands where it is cut stands at the end again: some clients cut the middle of a result once more. */
function bounded(lines: readonly string[], summary: string): string {
  const text = [...lines, summary].join('\n')
  const advice = 'narrow the search to see the rest'
  return text.length <= RESULT_CHARS ? text : `${cutMiddle(text, RESULT_CHARS, advice)}\n[cut in the middle; ${advice}]`
}
