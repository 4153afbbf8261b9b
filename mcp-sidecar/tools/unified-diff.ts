import { createTwoFilesPatch } from 'diff'

/** How long two texts are compared: beyond, the diff says that it was too much. */
const COMPARE_MS = 200

/** What changed between two texts of a file, as git would show it. */
export function unifiedDiff(path: string, before: string, after: string): string {
  if (before === after) return ''
  const patch = createTwoFilesPatch(`a/${path}`, `b/${path}`, before, after, '', '', {
    context: 3,
    timeout: COMPARE_MS,
  })
  if (patch === undefined) return `--- a/${path}\n+++ b/${path}\n[too much was changed to be shown]\n`
  return patch.replace(/^=+\n/, '').replace(/^(---|\+\+\+) (.*)\t$/gm, '$1 $2')
}
