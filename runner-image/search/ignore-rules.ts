import { ignorePattern } from './ignore-pattern.ts'
import { MAX_IGNORE_BYTES, MAX_IGNORE_LINES, MAX_IGNORE_RULE_CHARS } from './limits.ts'
import { readBounded } from './read-bounded.ts'

interface Rule {
  pattern: RegExp
  isNegated: boolean
  isFolderOnly: boolean
  /** Holds for names at any depth, else for paths below the folder of its rules. */
  isName: boolean
}

/** What git would ignore below a folder (gitignore(5)): the rules of the folder itself over those above it. */
export class IgnoreRules {
  readonly #above: IgnoreRules | undefined
  readonly #rules: Rule[]
  /** Relative to where the outermost rules stand, with a slash at its end, or empty. */
  readonly #prefix: string
  /** Of these rules and those above. */
  readonly #bytes: number
  readonly #count: number

  private constructor(text: Buffer, prefix: string, above?: IgnoreRules) {
    this.#above = above
    this.#prefix = prefix
    const [bytes, count] = above === undefined ? [0, 0] : [above.#bytes, above.#count]
    const lines = text.toString('utf8').split('\n', MAX_IGNORE_LINES - count)
    this.#rules = lines.flatMap((line) => parse(line) ?? [])
    this.#bytes = bytes + text.length
    this.#count = count + lines.length
  }

  /** The rules in `file`, which hold below `prefix`. As with git, a link is none, and what cannot be read says nothing. */
  static read(file: string, prefix: string, above?: IgnoreRules): IgnoreRules {
    const left = MAX_IGNORE_BYTES - (above === undefined ? 0 : above.#bytes)
    return new IgnoreRules(readBounded(file, left) ?? Buffer.alloc(0), prefix, above)
  }

  /** `path` is relative to where the outermost rules stand. */
  ignores(path: string, isFolder: boolean): boolean {
    return this.#verdict(path, path.slice(path.lastIndexOf('/') + 1), isFolder) ?? false
  }

  #verdict(path: string, name: string, isFolder: boolean): boolean | undefined {
    const below = path.slice(this.#prefix.length)
    const last = this.#rules.findLast(
      ({ pattern, isFolderOnly, isName }) => (isFolder || !isFolderOnly) && pattern.test(isName ? name : below),
    )
    if (last !== undefined) return !last.isNegated
    return this.#above === undefined ? undefined : this.#above.#verdict(path, name, isFolder)
  }
}

function parse(line: string): Rule | undefined {
  if (line.length > MAX_IGNORE_RULE_CHARS) return undefined
  let text = line.replace(/\r$/, '').replace(/(?<!\\)\s+$/, '')
  if (text === '' || text.startsWith('#')) return undefined
  const isNegated = text.startsWith('!')
  if (isNegated) text = text.slice(1)
  const isFolderOnly = text.endsWith('/')
  if (isFolderOnly) text = text.slice(0, -1)
  const isName = !text.includes('/')
  try {
    return { pattern: ignorePattern(text.replace(/^\//, '')), isNegated, isFolderOnly, isName }
  } catch {
    return undefined
  }
}
