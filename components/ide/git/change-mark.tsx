import { cx } from '#components/ui/cx.ts'
import type { GitChangeKind } from '#protocol/git-status.ts'

const MARKS = {
  modified: { letter: 'M', words: 'modified', tone: 'text-attention' },
  added: { letter: 'A', words: 'added', tone: 'text-ok' },
  untracked: { letter: 'U', words: 'untracked', tone: 'text-ok' },
  deleted: { letter: 'D', words: 'deleted', tone: 'text-failed' },
  renamed: { letter: 'R', words: 'renamed', tone: 'text-accent-text' },
  conflicted: { letter: '!', words: 'conflict', tone: 'text-failed' },
} as const satisfies Record<GitChangeKind, unknown>

/** How a file is otherwise than in the last commit: a letter for the eye, the word for everybody else. */
export function ChangeMark({ kind, className }: { kind: GitChangeKind; className?: string }) {
  const { letter, words, tone } = MARKS[kind]
  return (
    <span title={words} className={cx('shrink-0 font-mono text-xs', tone, className)}>
      <span aria-hidden>{letter}</span>
      <span className="sr-only">, {words}</span>
    </span>
  )
}

/** The colour of such a file's name. */
export function toneOf(kind: GitChangeKind): string {
  return MARKS[kind].tone
}
