import { classAt, escape } from './glob-pattern.ts'

/**
 * A pattern of gitignore(5) as a regular expression over a path: `*`, `?` and `[abc]` stay within a name, `**` as a whole
 * part crosses folders. Its time grows with the lengths of pattern and path and no faster, since rules come with a clone:
 * each stretch between two stars is taken where it first fits and never tried again, which loses nothing, as the star
 * behind it takes whatever is left. Throws a `SyntaxError` for what matches nothing: a class that is none.
 */
export function ignorePattern(glob: string): RegExp {
  const blocks: string[][] = [[]]
  let groups = 0
  for (const part of partsOf(glob)) {
    if (part.length === 3 && part.every((piece) => piece === '')) blocks.push([])
    else blocks.at(-1)?.push(partSource(part, once))
  }
  return new RegExp(`^${blocksSource(blocks)}$`, 'su')

  /** Takes what it first matches, for good: a lookahead is not entered again, and what it saw is then repeated. */
  function once(source: string): string {
    const name = `g${++groups}`
    return `(?=(?<${name}>${source}))\\k<${name}>`
  }

  function blocksSource([first = [], ...others]: string[][]): string {
    const last = others.pop()
    if (last === undefined) return first.join('/')
    const head = first.map((part) => `${part}/`).join('')
    const middle = others.filter((block) => block.length > 0).map((block) => once(`${FOLDERS}${block.join('/')}/`))
    return head + middle.join('') + (last.length > 0 ? FOLDERS + last.join('/') : '.+')
  }
}

const FOLDERS = '(?:[^/]+/)*?'

/** The parts between slashes, each as the sources of the stretches between its stars. */
function partsOf(glob: string): string[][] {
  let stretches = ['']
  const parts = [stretches]
  const add = (source: string) => stretches.push((stretches.pop() ?? '') + source)
  for (let at = 0; at < glob.length; at++) {
    const char = glob.charAt(at)
    const found = char === '[' ? classAt(glob, at) : undefined
    if (char === '/') parts.push((stretches = ['']))
    else if (char === '*') stretches.push('')
    else if (char === '?') add('[^/]')
    else if (char === '\\' && at + 1 < glob.length) add(escape(glob.charAt(++at)))
    else if (found === undefined) {
      if (char === '[') throw new SyntaxError('This class of characters does not end.')
      add(escape(char))
    } else {
      add(found.source)
      at = found.end
    }
  }
  return parts
}

function partSource([first = '', ...others]: string[], once: (source: string) => string): string {
  const last = others.pop()
  if (last === undefined) return first
  const middle = others.filter((stretch) => stretch !== '').map((stretch) => once(`[^/]*?${stretch}`))
  return `${first}${middle.join('')}[^/]*${last}`
}
