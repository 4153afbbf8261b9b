import type { Terminal } from '@xterm/xterm'

/** Rows of a terminal that are given out as text: what somebody may want to copy, not all that was ever printed. */
const MAX_TEXT_ROWS = 2000

/** What a terminal shows and showed before, the last rows of it, a wrapped line as one. */
export function textOf({ buffer: { active } }: Pick<Terminal, 'buffer'>): string {
  const lines: string[] = []
  for (let y = Math.max(0, active.length - MAX_TEXT_ROWS); y < active.length; y += 1) {
    const row = active.getLine(y)
    if (row === undefined) continue
    const isWhole = active.getLine(y + 1)?.isWrapped !== true
    const text = row.translateToString(isWhole)
    const before = row.isWrapped ? lines.pop() : undefined
    lines.push((before ?? '') + text)
  }
  return lines.join('\n').trimEnd()
}
