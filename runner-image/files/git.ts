import { execFile } from 'node:child_process'
import { GIT_ANSWER_TIMEOUT_MS } from '../limits.ts'

const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', NODE_ENV: 'production' } as const

interface GitQuestion {
  /** Absolute path to ask in. */
  folder: string
  args: string[]
  input?: string
  /** Most bytes of an answer; more is cut off. */
  maxBytes: number
}

/** Answer of a git command that only reads; `undefined` where git is missing, refuses, or takes too long. */
export async function askGit(question: GitQuestion): Promise<string | undefined> {
  return (await askGitBytes(question))?.toString()
}

/** As `askGit`, for what may be no text. */
export async function askGitBytes({ folder, args, input, maxBytes }: GitQuestion): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const child = execFile(
      'git',
      // The project's own configuration may name programs to run; a question must not run them.
      ['--no-optional-locks', '-c', 'core.fsmonitor=false', ...args],
      { cwd: folder, maxBuffer: maxBytes, timeout: GIT_ANSWER_TIMEOUT_MS, env: ENVIRONMENT, encoding: 'buffer' },
      (error, stdout) => {
        const isCutOff = error !== null && error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER'
        // `check-ignore` ends with 1 when nothing is ignored.
        resolve(error === null || isCutOff || error.code === 1 ? stdout : undefined)
      },
    )
    child.stdin?.on('error', () => {})
    child.stdin?.end(input ?? '')
  })
}
