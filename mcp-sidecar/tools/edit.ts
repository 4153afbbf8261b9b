import type * as z from 'zod'
import { editFile as definition } from '#protocol/tools/files.ts'
import { MAX_DIFF_CHARS } from '#protocol/tools/limits.ts'
import { SidecarError } from '../sidecar-error.ts'
import { refuseCancelled } from './cancelled.ts'
import { explainConflict, readText } from './files.ts'
import { MAX_EDIT_ATTEMPTS, MAX_NAMED_LINES } from './limits.ts'
import { cutMiddle } from './output.ts'
import { recordTool } from './tool.ts'
import type { ToolContext } from './tool.ts'
import { unifiedDiff } from './unified-diff.ts'

type Edit = z.output<typeof definition.input>

type Replacement = Pick<Edit, 'old_string' | 'new_string' | 'replace_all'>

export const editFile = recordTool(definition, async (args, context) => context.turns.take(() => edit(args, context)))

async function edit(args: Edit, { runner, note, signal }: ToolContext) {
  refuseCancelled(signal)
  for (let attempt = 1; ; attempt += 1) {
    const { text, entry } = await readText(runner, args.path)
    const edited = replaceIn(text, args)
    try {
      const ifEtag = args.if_etag ?? entry.etag
      const version = await runner.files.writeSmall({ path: args.path, ifEtag }, Buffer.from(edited.text))
      const diff = unifiedDiff(version.path, text, edited.text)
      note({ diff })
      const shown = cutMiddle(diff, MAX_DIFF_CHARS, 'read_file shows the result')
      return { path: version.path, replacements: edited.replacements, etag: version.etag, diff: shown }
    } catch (error) {
      // Somebody wrote in between: the edit is looked for anew, unless the caller wanted that very version.
      const isRace = error instanceof SidecarError && error.code === 'conflict' && args.if_etag === undefined
      if (!isRace || attempt >= MAX_EDIT_ATTEMPTS) return explainConflict(runner, args.path)(error)
    }
  }
}

/** `text` with the old string replaced: once where it occurs once, or everywhere if that is asked for. */
export function replaceIn(text: string, asked: Replacement): { text: string; replacements: number } {
  const { old_string: wanted, new_string: replacement, replace_all: all } = asked
  if (wanted === replacement)
    throw new SidecarError('bad_request', 'old_string and new_string are the same.', {
      advice: 'Say what shall change.',
    })
  const exact = occurrences(text, wanted)
  // Models write \n; a file with \r\n keeps its line ends. One that has both is taken at its word first.
  const isCrlf = text.includes('\r\n') && !wanted.includes('\r') && (exact.length === 0 || !BARE_LINE_FEED.test(text))
  const old = isCrlf ? wanted.replaceAll('\n', '\r\n') : wanted
  const now = isCrlf ? replacement.replaceAll(/\r?\n/g, '\r\n') : replacement
  const found = isCrlf ? occurrences(text, old) : exact
  if (found.length === 0) throw absent(text, wanted)
  if (found.length > 1 && !all) throw ambiguous(text, found)
  return { text: text.split(old).join(now), replacements: found.length }
}

const BARE_LINE_FEED = /(?<!\r)\n/

/** Where `wanted` begins, from left to right, none overlapping another. */
function occurrences(text: string, wanted: string): number[] {
  const found: number[] = []
  for (let at = text.indexOf(wanted); at !== -1; at = text.indexOf(wanted, at + wanted.length)) found.push(at)
  return found
}

function ambiguous(text: string, found: number[]): SidecarError {
  const lines = found.slice(0, MAX_NAMED_LINES).map((at) => lineOf(text, at))
  const more = found.length > MAX_NAMED_LINES ? ' and more' : ''
  return new SidecarError('conflict', `old_string occurs ${found.length} times: in lines ${lines.join(', ')}${more}.`, {
    advice: 'Add lines around the one you mean, or set replace_all.',
  })
}

function absent(text: string, wanted: string): SidecarError {
  const first = wanted.split('\n').find((line) => line.trim() !== '') ?? ''
  const near = nearestLine(text.split('\n'), first.trim())
  const hint =
    near === undefined ? '' : ` The nearest is line ${near.line}: ${JSON.stringify(near.text.slice(0, 200))}.`
  return new SidecarError('not_found', `old_string does not occur in the file.${hint}`, {
    advice: 'Read the file again and copy the text exactly, with its white space and without line numbers.',
  })
}

function lineOf(text: string, at: number): number {
  let line = 1
  for (let from = text.indexOf('\n'); from !== -1 && from < at; from = text.indexOf('\n', from + 1)) line += 1
  return line
}

function nearestLine(lines: string[], wanted: string): { line: number; text: string } | undefined {
  if (wanted === '') return undefined
  const words = new Set(wanted.split(/\W+/).filter((word) => word.length > 2))
  let best: { line: number; text: string } | undefined
  let bestScore = 0
  for (const [at, text] of lines.entries()) {
    const isSame = text.trim() === wanted
    const shared = isSame ? words.size + 1 : text.split(/\W+/).filter((word) => words.has(word)).length
    if (shared <= bestScore) continue
    bestScore = shared
    best = { line: at + 1, text }
  }
  return best
}
