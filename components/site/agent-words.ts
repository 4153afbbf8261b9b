/** What each right lets an agent do, in a line. */
const SCOPE_WORDS: Readonly<Record<string, { label: string; hint: string }>> = {
  'repl:read': { label: 'Read', hint: 'See files, output and what runs.' },
  'repl:write': { label: 'Edit', hint: 'Change, move and delete files.' },
  'repl:exec': { label: 'Run', hint: 'Run commands and servers, with the network.' },
  'repl:admin': { label: 'Stop the REPL', hint: 'Save it and put it to sleep, for everybody.' },
  'account:read': { label: 'See your REPLs', hint: 'Their names, states and addresses.' },
  'account:write': { label: 'Manage your REPLs', hint: 'Make, start, stop, fork and delete them.' },
}

/** A right in words. */
export function scopeWords(scope: string): { label: string; hint: string } {
  return SCOPE_WORDS[scope] ?? { label: scope, hint: '' }
}
