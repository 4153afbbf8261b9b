import { execFile } from 'node:child_process'
import { MAX_GIT_STATUS_BYTES } from '../limits.ts'

interface GitRun {
  /** Absolute path to run it in. */
  folder: string
  env: Record<string, string>
  timeoutMs: number
}

/** Git refused, or took too long. */
export class GitRefusal extends Error {
  override readonly name = 'GitRefusal'
  /** What it printed as the reason; may be nothing. */
  readonly said: string

  constructor(said: string) {
    super(`Git refused: ${said}`)
    this.said = said
  }
}

/**
 * Runs Git as somebody in a terminal would, filters and settings of the project included: what changes a repository does.
 * Only to look, `askGit` is the one. Resolves to what it prints; rejects with `GitRefusal`.
 */
export async function runGit(args: string[], { folder, env, timeoutMs }: GitRun): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const options = {
    cwd: folder,
    env: { NODE_ENV: 'production', ...env },
    timeout: timeoutMs,
    maxBuffer: MAX_GIT_STATUS_BYTES,
  } as const
  execFile('git', args, options, (error, stdout, stderr) => {
    if (error === null) resolve(stdout)
    else reject(new GitRefusal(stderr))
  })
  return promise
}
