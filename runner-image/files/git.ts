import { execFile } from 'node:child_process'
import { FILTERS_ASKED, harmlessGit } from '#protocol/harmless-git.ts'
import { Turns } from '#wire/turns.ts'
import { GIT_ANSWER_TIMEOUT_MS, MAX_GIT_AT_ONCE, MAX_GIT_FILTER_BYTES } from '../limits.ts'

const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', NODE_ENV: 'production' } as const

/** Whoever may look may ask: many at a time would take the processes that a sandbox may have. */
const turns = new Turns(MAX_GIT_AT_ONCE)

interface GitQuestion {
  /** Absolute path to ask in. */
  folder: string
  args: string[]
  input?: string
  /** The answer to `FILTERS_ASKED`, for a question that compares files. */
  filters?: string
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

/** The settings of filters, to be given with a question that compares files; `undefined` where they are not known whole. */
export async function askFilters(folder: string): Promise<string | undefined> {
  const filters = await askGit({ folder, args: FILTERS_ASKED, maxBytes: MAX_GIT_FILTER_BYTES })
  return filters === '' || filters?.endsWith('\0') === true ? filters : undefined
}

async function ask({ folder, args, input, filters, maxBytes }: GitQuestion): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const env = { ...ENVIRONMENT, ...harmlessGit(filters) }
    const child = execFile(
      'git',
      args,
      { cwd: folder, maxBuffer: maxBytes, timeout: GIT_ANSWER_TIMEOUT_MS, env, encoding: 'buffer' },
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
