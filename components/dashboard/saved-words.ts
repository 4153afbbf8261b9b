import { timeAgo, timeSpan } from '#components/site/relative-time.ts'
import type { ReplView } from '#server/repls/views.ts'

export interface SavedWords {
  isAtRisk: boolean
  words: string
}

/** Whether the files are safe: "Saved 2 min ago", or since when they are not. */
export function savedWords(repl: Pick<ReplView, 'savedAt' | 'unsavedSince'>, now: number): SavedWords {
  if (repl.unsavedSince !== undefined) {
    return { isAtRisk: true, words: `Not backed up for ${timeSpan(now - repl.unsavedSince)}` }
  }
  if (repl.savedAt === undefined) return { isAtRisk: false, words: 'Not saved yet' }
  return { isAtRisk: false, words: `Saved ${timeAgo(repl.savedAt, now)}` }
}
