import { execFile } from 'node:child_process'
import { HARMLESS_GIT, comparingGit } from '#protocol/harmless-git.ts'
import { Turns } from '#wire/turns.ts'
import { GIT_ANSWER_TIMEOUT_MS, MAX_GIT_AT_ONCE } from '../limits.ts'

const ENVIRONMENT = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  LC_ALL: 'C',
  NODE_ENV: 'production',
  ...HARMLESS_GIT,
} as const

/** Whoever may look may ask: many at a time would take the processes that a sandbox may have. */
const turns = new Turns(MAX_GIT_AT_ONCE)

interface GitQuestion {
  /** Absolute path to ask in. */
  folder: string
  args: string[]
  input?: string
  /** Whether it compares files, for which git would run the project's filters. */
  isComparison?: boolean
  /** Most bytes of an answer; more is cut off. */
  maxBytes: number
}

/** Answer of a git command that only reads; `undefined` where git is missing, refuses, or takes too long. */
export async function askGit(question: GitQuestion): Promise<string | undefined> {
  return (await askGitBytes(question))?.toString()
}

/** As `askGit`, for what may be no text. */
export async function askGitBytes(question: GitQuestion): Promise<Buffer | undefined> {
  return turns.run(() => ask(question))
}

async function ask({ folder, args, input, isComparison = false, maxBytes }: GitQuestion): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const [program, ...words] = isComparison ? comparingGit(args) : ['git', ...args]
    const child = execFile(
      program ?? 'git',
      words,
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
