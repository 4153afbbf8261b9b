import type { GitRepository } from '#protocol/git-status.ts'

const SHOWN_COMMIT_CHARS = 7

/** The branch, or the commit where there is none, and how far it is from where it is pushed to. */
export function branchWords({ branch, commit, upstream }: GitRepository): string {
  const name = branch ?? commit?.slice(0, SHOWN_COMMIT_CHARS) ?? 'no commit'
  const counts = [
    upstream !== undefined && upstream.ahead > 0 && `↑${upstream.ahead}`,
    upstream !== undefined && upstream.behind > 0 && `↓${upstream.behind}`,
  ]
  return [name, ...counts].filter(Boolean).join(' ')
}
