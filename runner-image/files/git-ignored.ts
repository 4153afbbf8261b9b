import { join } from 'node:path'
import { askGit } from './git.ts'
import { exists } from './workspace.ts'
import type { Workspace } from './workspace.ts'

const MAX_ANSWER_BYTES = 4 * 1024 * 1024

/** Those of `paths` that git ignores; none where the workspace is no repository. */
export async function ignoredAmong(workspace: Workspace, paths: string[]): Promise<Set<string>> {
  if (paths.length === 0 || !exists(join(workspace.root, '.git'))) return new Set()
  const answer = await askGit({
    folder: workspace.root,
    args: ['check-ignore', '-z', '--stdin'],
    input: paths.join('\0'),
    maxBytes: MAX_ANSWER_BYTES,
  })
  return new Set((answer ?? '').split('\0').filter((path) => path !== ''))
}
