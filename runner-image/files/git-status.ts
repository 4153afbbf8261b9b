import { isUtf8 } from 'node:buffer'
import { join } from 'node:path'
import { SUBMODULES_LEFT } from '#protocol/harmless-git.ts'
import { MAX_EDITOR_FILE_BYTES } from '#protocol/limits.ts'
import type { GitChange, GitFile, GitRepository, GitStatus } from '#protocol/git-status.ts'
import { MAX_GIT_CHANGES, MAX_GIT_STATUS_BYTES } from '../limits.ts'
import { askGit, askGitBytes } from './git.ts'
import { SharedLook } from './shared-look.ts'
import { exists } from './workspace.ts'
import type { Workspace } from './workspace.ts'

const STATUS = ['status', '--porcelain=v2', '--branch', '-z', '--untracked-files=all', SUBMODULES_LEFT]

/** How a workspace stands beside its last commit. */
export class GitLook {
  readonly #workspace: Workspace
  readonly #status: SharedLook<GitStatus>

  constructor(workspace: Workspace) {
    this.#workspace = workspace
    this.#status = new SharedLook(() => statusOf(workspace.root))
  }

  status(): Promise<GitStatus> {
    return this.#status.ask()
  }

  /** A file as the last commit has it. */
  async file(path: string): Promise<GitFile> {
    const folder = this.#workspace.root
    const args = ['cat-file', 'blob', `HEAD:${path}`]
    const bytes = await askGitBytes({ folder, args, maxBytes: MAX_EDITOR_FILE_BYTES + 1 })
    if (bytes === undefined) return { kind: 'missing' }
    if (bytes.length > MAX_EDITOR_FILE_BYTES) return { kind: 'too_large' }
    return isUtf8(bytes) && !bytes.includes(0) ? { kind: 'text', content: bytes.toString() } : { kind: 'binary' }
  }
}

async function statusOf(folder: string): Promise<GitStatus> {
  if (!exists(join(folder, '.git'))) return { kind: 'none' }
  const answer = await askGit({ folder, args: STATUS, isComparison: true, maxBytes: MAX_GIT_STATUS_BYTES })
  return answer === undefined ? { kind: 'unanswered' } : parseStatus(answer)
}

/** Reads `git status --porcelain=v2 --branch -z` (git-status(1), "Porcelain Format Version 2"). */
export function parseStatus(answer: string): GitRepository {
  const lines = answer.split('\0')
  // Of an answer that was cut off the last line is a part only; a whole one ends with a NUL.
  const isCutOff = lines.pop() !== ''
  const repository: GitRepository = { kind: 'repository', changes: [], truncated: isCutOff }
  for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
    if (line.startsWith('# ')) readHeader(repository, line)
    else if (repository.changes.length >= MAX_GIT_CHANGES) repository.truncated = true
    else repository.changes.push(...changeOf(line, () => lines.shift()))
  }
  return repository
}

function readHeader(repository: GitRepository, line: string): void {
  const [, name, value = ''] = /^# branch\.(\w+) (.*)$/s.exec(line) ?? []
  if (name === 'oid' && value !== '(initial)') repository.commit = value
  if (name === 'head' && value !== '(detached)') repository.branch = value
  if (name === 'upstream') repository.upstream = { name: value, ahead: 0, behind: 0 }
  if (name !== 'ab' || repository.upstream === undefined) return
  const [ahead = 0, behind = 0] = value.split(' ').map((count) => Math.abs(Number(count)))
  repository.upstream = { ...repository.upstream, ahead, behind }
}

/** Fields before the path, by the kind of line. A renamed file's former path is a line of its own. */
function changeOf(line: string, next: () => string | undefined): GitChange[] {
  const path = (fields: number): string => line.split(' ').slice(fields).join(' ')
  switch (line.charAt(0)) {
    case '1':
      return [{ path: path(8), kind: kindOf(line.slice(2, 4)) }]
    case '2': {
      const from = next()
      return [{ path: path(9), kind: 'renamed', ...(from !== undefined && { from }) }]
    }
    case 'u':
      return [{ path: path(10), kind: 'conflicted' }]
    case '?':
      return [{ path: path(1), kind: 'untracked' }]
    default:
      return []
  }
}

/** Of the two letters that say how index and working tree differ. */
function kindOf(states: string): GitChange['kind'] {
  if (states.endsWith('D') || states === 'D.') return 'deleted'
  return states.startsWith('A') ? 'added' : 'modified'
}
