import { addLine, badPatch, dropBlankEnd, emptyHunk } from './hunk.ts'
import type { FileChange, Hunk } from './hunk.ts'
import { parseUnified } from './unified-patch.ts'

/** What a patch wants, in either of the formats that models write. */
export function parsePatch(patch: string): FileChange[] {
  const lines = patch.replaceAll('\r\n', '\n').split('\n')
  const begin = lines.findIndex((line) => line.trim() === '*** Begin Patch')
  const changes = begin === -1 ? parseUnified(lines) : parseSections(lines.slice(begin + 1))
  if (changes.length === 0) throw badPatch('There is no change in this patch.')
  const empty = changes.find((change) => !changesSomething(change))
  if (empty !== undefined) throw badPatch(`The patch says nothing of what to change in ${empty.path}.`)
  return changes
}

function changesSomething(change: FileChange): boolean {
  if (change.op !== 'update' || change.to !== undefined) return true
  return change.hunks.some(
    (hunk) => hunk.isAtEnd || hunk.old.length !== hunk.new.length || hunk.old.some((line, at) => line !== hunk.new[at]),
  )
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
    if (verb === undefined)
      throw badPatch(`Line ${at} is no section of a patch: ${JSON.stringify(line.slice(0, 100))}.`)
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
      throw badPatch(`Each line of the new file ${path} must begin with +: ${JSON.stringify(wrong.slice(0, 100))}.`)
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
