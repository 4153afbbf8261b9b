import type { IBufferLine, IDisposable, ILink, Terminal } from '@xterm/xterm'
import { isMac } from '#components/ui/platform.ts'
import { isFollowed } from './is-followed.ts'
import { writtenPaths } from './written-paths.ts'
import type { WrittenPath } from './written-paths.ts'

/** Rows that one wrapped line is looked for in, up and down from the mouse. */
const MAX_WRAPPED_ROWS = 12

export interface PathLinksOptions {
  /** The file of the workspace that each of these means, if it is one. */
  find: (written: readonly string[]) => Promise<readonly (string | null)[]>
  /** Somebody follows one. */
  open: (path: string, place: Pick<WrittenPath, 'line' | 'column'>) => void
}

/** Makes links of the files that are named in the line under the mouse. Nothing is looked up before. */
export function linkPaths(xterm: Terminal, { find, open }: PathLinksOptions): IDisposable {
  const linksIn = async (row: number): Promise<ILink[] | undefined> => {
    const { text, places } = wholeLine(xterm, row - 1)
    const written = writtenPaths(text)
    if (written.length === 0) return undefined
    const files = await find(written.map(({ path }) => path))
    return written.flatMap((one, at) => {
      const path = files[at]
      const start = places[one.start]
      const end = places[one.end - 1]
      if (path == null || start === undefined || end === undefined) return []
      return {
        range: { start, end },
        text: text.slice(one.start, one.end),
        activate: (event) => {
          if (isFollowed(event)) open(path, one)
        },
        hover: () => setHint(xterm, `${isMac() ? '⌘' : 'Ctrl'}+click to open ${path}`),
        leave: () => setHint(xterm, undefined),
      }
    })
  }
  return xterm.registerLinkProvider({ provideLinks: (row, answer) => void linksIn(row).then(answer) })
}

function setHint({ element }: Terminal, hint: string | undefined): void {
  if (hint === undefined) element?.removeAttribute('title')
  else element?.setAttribute('title', hint)
}

/** A line of output with all rows that it is wrapped into, and where each of its code units is on the screen, from one. */
function wholeLine(xterm: Terminal, row: number): { text: string; places: { x: number; y: number }[] } {
  const buffer = xterm.buffer.active
  let first = row
  while (first > row - MAX_WRAPPED_ROWS && buffer.getLine(first)?.isWrapped === true) first -= 1
  let text = ''
  const places: { x: number; y: number }[] = []
  for (let y = first; y < row + MAX_WRAPPED_ROWS; y += 1) {
    const line = buffer.getLine(y)
    if (line === undefined || (y > first && !line.isWrapped)) break
    for (const { x, chars } of cellsOf(line, xterm.cols)) {
      for (let unit = 0; unit < chars.length; unit += 1) places.push({ x: x + 1, y: y + 1 })
      text += chars
    }
  }
  return { text, places }
}

/** What each cell shows; the second half of a wide character shows nothing. */
function cellsOf(line: IBufferLine, cols: number): { x: number; chars: string }[] {
  const cells: { x: number; chars: string }[] = []
  for (let x = 0; x < Math.min(cols, line.length); x += 1) {
    const cell = line.getCell(x)
    if (cell === undefined || cell.getWidth() === 0) continue
    cells.push({ x, chars: cell.getChars() || ' ' })
  }
  return cells
}
