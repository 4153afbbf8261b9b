import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CloneSource } from '#protocol/adoption.ts'
import { RunnerError, errnoOf } from '../errors.ts'
import { CLONE_STALL_SECONDS, CLONE_TIMEOUT_MS, MAX_CLONE_ERROR_BYTES } from '../limits.ts'
import { cloneFailure } from './failure.ts'
import { createProgressParser } from './progress.ts'
import type { CloneProgress } from './progress.ts'

interface CloneOptions {
  source: CloneSource
  /** An empty folder; empty again after a failure. */
  folder: string
  home: string
  path: string
  onProgress: (progress: CloneProgress) => void
  timeoutMs?: number
}

/** Lies in HOME while git is at it: where it is found, a clone was broken off, and what there is of it is not all. */
const UNFINISHED_FILE = '.devex-cloning'

/** Whether a clone lies there, and all of it. */
export function holdsClone({ folder, home }: Pick<CloneOptions, 'folder' | 'home'>): boolean {
  return existsSync(join(folder, '.git')) && !existsSync(join(home, UNFINISHED_FILE))
}

/** Clones a public repository. Fails with a reason that a person can act on. One that was broken off is begun anew. */
export async function cloneRepository(options: CloneOptions): Promise<void> {
  const { source, folder, home } = options
  const unfinished = join(home, UNFINISHED_FILE)
  if (existsSync(unfinished)) await empty(folder)
  if ((await readdir(folder)).length > 0) {
    throw new RunnerError('conflict', 'There are files in the workspace already.', { advice: 'Clone in a terminal.' })
  }
  options.onProgress({ message: `Cloning from ${new URL(source.url).host}` })
  await writeFile(unfinished, '')
  try {
    await runGit(options)
  } catch (error) {
    await empty(folder)
    throw error
  } finally {
    await rm(unfinished, { force: true })
  }
}

async function runGit({
  source,
  folder,
  home,
  path,
  onProgress,
  timeoutMs = CLONE_TIMEOUT_MS,
}: CloneOptions): Promise<void> {
  const branch = source.branch === undefined ? [] : [`--branch=${source.branch}`]
  const slow = ['-c', 'http.lowSpeedLimit=1000', '-c', `http.lowSpeedTime=${CLONE_STALL_SECONDS}`]
  // `--` ends the options: neither address nor folder can be taken for one.
  const child = spawn('git', [...slow, 'clone', '--progress', ...branch, '--', source.url, folder], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
    env: {
      PATH: path,
      HOME: home,
      LC_ALL: 'C',
      NODE_ENV: 'production',
      // No question is ever asked, and only the web is spoken, whatever a server redirects to.

      GIT_TERMINAL_PROMPT: '0',
      GIT_ASKPASS: '/bin/false',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_ALLOW_PROTOCOL: 'http:https',
    },
  })
  let output = ''
  let isLate = false
  const parse = createProgressParser(onProgress)
  child.stderr.setEncoding('utf8')
  child.stderr.on('data', (text: string) => {
    output = (output + text).slice(-MAX_CLONE_ERROR_BYTES)
    parse(text)
  })
  const timer = setTimeout(() => {
    isLate = true
    // Its helpers must go too; the group is its own.
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  }, timeoutMs)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
    .catch((error: unknown) => {
      const isMissing = errnoOf(error) === 'ENOENT'
      throw new RunnerError('not_supported', 'git cannot be started in this sandbox.', {
        cause: error,
        ...(isMissing && { advice: 'Install git on the machine that runs Devex.' }),
      })
    })
    .finally(() => clearTimeout(timer))
  if (isLate) throw new RunnerError('timeout', 'The clone took too long.', { advice: 'Clone a smaller repository.' })
  if (code !== 0) throw cloneFailure(source, output)
}

async function empty(folder: string): Promise<void> {
  for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true, force: true })
}
