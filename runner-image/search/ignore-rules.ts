import { globSource } from './glob-pattern.ts'

interface Rule {
  pattern: RegExp
  isNegated: boolean
  isFolderOnly: boolean
}

/** What git would ignore below a folder (gitignore(5)): the rules of the folder itself over those above it. */
export class IgnoreRules {
  readonly #above: IgnoreRules | undefined
  readonly #rules: Rule[]
  /** Relative to where the outermost rules stand, with a slash at its end, or empty. */
  readonly #prefix: string

  constructor(text: string, prefix: string, above?: IgnoreRules) {
    this.#above = above
    this.#prefix = prefix
    this.#rules = text.split('\n').flatMap((line) => parse(line) ?? [])
  }

  /** `path` is relative to where the outermost rules stand. */
  ignores(path: string, isFolder: boolean): boolean {
    return this.#verdict(path, isFolder) ?? false
  }

  #verdict(path: string, isFolder: boolean): boolean | undefined {
    if (this.#rules.length === 0) return this.#above === undefined ? undefined : this.#above.#verdict(path, isFolder)
    const below = path.slice(this.#prefix.length)
    const last = this.#rules.findLast(({ pattern, isFolderOnly }) => (isFolder || !isFolderOnly) && pattern.test(below))
    if (last !== undefined) return !last.isNegated
    return this.#above === undefined ? undefined : this.#above.#verdict(path, isFolder)
  }
}

function parse(line: string): Rule | undefined {
  let text = line.replace(/\r$/, '').replace(/(?<!\\)\s+$/, '')
  if (text === '' || text.startsWith('#')) return undefined
  const isNegated = text.startsWith('!')
  if (isNegated) text = text.slice(1)
  const isFolderOnly = text.endsWith('/')
  if (isFolderOnly) text = text.slice(0, -1)
  const isAnchored = text.includes('/')
  try {
    const pattern = new RegExp(`^${isAnchored ? '' : '(?:.*/)?'}${globSource(text.replace(/^\//, ''))}$`, 'su')
    return { pattern, isNegated, isFolderOnly }
  } catch {
    return undefined
  }
}
