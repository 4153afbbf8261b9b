import type { Entry } from '#protocol/messages.ts'

/** What a newcomer to a project looks at first. */
const CANDIDATES = ['index.js', 'index.ts', 'main.py', 'app.py', 'main.go', 'index.html', 'README.md']

/** The file to open on somebody's first visit, if the workspace has one of the usual ones. */
export function firstFile(entries: readonly Entry[]): string | undefined {
  return CANDIDATES.find((name) => entries.some((entry) => entry.name === name && entry.type === 'file'))
}
