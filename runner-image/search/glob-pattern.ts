/**
 * A glob as a regular expression over paths: `*` and `?` stay within a name, `**` crosses folders, `[abc]`, `[!abc]` and
 * `{a,b}` choose. What does not parse matches itself.
 */
function globSource(glob: string): string {
  let source = ''
  let braces = 0
  for (let at = 0; at < glob.length; at++) {
    const char = glob.charAt(at)
    if (char === '*' && glob.startsWith('**', at)) {
      const isFolders = glob.charAt(at + 2) === '/' && (at === 0 || glob.charAt(at - 1) === '/')
      source += isFolders ? '(?:[^/]+/)*' : '.*'
      at += isFolders ? 2 : 1
    } else if (char === '*') source += '[^/]*'
    else if (char === '?') source += '[^/]'
    else if (char === '[') {
      const found = classAt(glob, at)
      source += found?.source ?? '\\['
      at = found?.end ?? at
    } else if (char === '{' && glob.includes('}', at)) {
      braces++
      source += '(?:'
    } else if (char === '}' && braces > 0) {
      braces--
      source += ')'
    } else if (char === ',' && braces > 0) source += '|'
    else if (char === '\\' && at + 1 < glob.length) source += escape(glob.charAt(++at))
    else source += escape(char)
  }
  return source + ')'.repeat(braces)
}

/** Matches whole paths; a glob without a slash matches names at any depth, one that ends with a slash all in a folder. */
export function globPattern(glob: string): RegExp {
  const trimmed = glob.replace(/^\.?\//, '').replace(/\/$/, '/**')
  const isName = !trimmed.includes('/')
  try {
    return new RegExp(`^${isName ? '(?:.*/)?' : ''}${globSource(trimmed)}$`, 'su')
  } catch {
    return new RegExp(`^${escape(trimmed)}$`, 'u')
  }
}

/** The class of characters that begins at `at`, and where it ends. */
export function classAt(glob: string, at: number): { source: string; end: number } | undefined {
  const end = glob.indexOf(']', at + 2)
  if (end === -1) return undefined
  const inside = glob
    .slice(at + 1, end)
    .replace(/^[!^]/, '')
    .replaceAll(/[\\[\]^]/g, '\\$&')
  return { source: `[${/^[!^]/.test(glob.slice(at + 1)) ? '^/' : ''}${inside}]`, end }
}

export function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&')
}
