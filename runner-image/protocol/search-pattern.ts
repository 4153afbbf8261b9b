import type { TextQuery } from './text-search.ts'

interface Pattern {
  /** A regular expression of JavaScript, with names of classes and flags in front as other programs take them. */
  pattern: string
  ignoreCase?: boolean
  multiline?: boolean
}

/** What people and agents search for, as a global regular expression. Throws a `SyntaxError` for a pattern that is none. */
export function compilePattern({ pattern, ignoreCase = false, multiline = false }: Pattern): RegExp {
  const { source, flags: inline } = sourceOf(pattern)
  const flags = [...new Set(`g${ignoreCase ? 'i' : ''}${multiline ? 'ms' : ''}${inline}`)].join('')
  try {
    return new RegExp(source, `${flags}u`)
  } catch {
    // Flag u refuses escapes such as \- and \' that people write anyway.
    return new RegExp(source, flags)
  }
}

/** A person's query as a global regular expression for one line. Throws a `SyntaxError` for a pattern that is none. */
export function compileQuery({ text, isRegex, matchCase, wholeWord }: TextQuery): RegExp {
  const ignoreCase = !matchCase
  const pattern = isRegex ? text : text.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`)
  const whole = compilePattern({ pattern, ignoreCase })
  if (!wholeWord) return whole
  // What makes a word is known of all scripts with flag u only.
  const letter = whole.unicode ? String.raw`[\p{L}\p{N}_]` : String.raw`\w`
  return new RegExp(`(?<!${letter})(?:${whole.source})(?!${letter})`, whole.flags)
}

function sourceOf(pattern: string): { source: string; flags: string } {
  const [, flags = '', rest = pattern] = /^\(\?([ims]+)\)(.*)$/s.exec(pattern) ?? []
  return { source: rest.replaceAll(/\[:([a-z]+):\]/g, (whole, name: string) => CLASSES[name] ?? whole), flags }
}

/** POSIX's (regex(7)), as they stand within brackets. */
const CLASSES: Record<string, string> = {
  alpha: 'a-zA-Z',
  digit: '0-9',
  alnum: 'a-zA-Z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: '\\s',
  blank: ' \\t',
  punct: '!-\\/:-@\\[-`{-~',
  xdigit: '0-9A-Fa-f',
}
