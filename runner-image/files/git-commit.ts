import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { GitAuthor } from '#protocol/git-status.ts'
import { RunnerError } from '../errors.ts'
import { GIT_ANSWER_TIMEOUT_MS } from '../limits.ts'
import type { Size } from '../terminal/pty.ts'
import type { Terminal } from '../terminal/terminal.ts'
import type { Terminals } from '../terminal/terminals.ts'
import { runGit } from './run-git.ts'
import type { Workspace } from './workspace.ts'

interface GitCommitsOptions {
  terminals: Terminals
  workspace: Workspace
  env(): Record<string, string>
}

export interface CommitRequest extends Size {
  message: string
  /** As `git status` names them; all that has changed, where it is left out. */
  paths?: string[] | undefined
  /** Kept in the repository's own settings. */
  author?: GitAuthor | undefined
  actor: string
}

/**
 * The first commit of several could be left half done by a path that is neither on the disk nor in the index any more:
 * `update-index` takes those, `git add` does not. A merge is committed as a whole: Git refuses a part of it.
 */
const SCRIPT = String.raw`
set -e
if [ -e "$1/paths" ]; then
  git update-index --add --remove -z --stdin < "$1/paths"
  if ! git rev-parse -q --verify MERGE_HEAD > /dev/null; then
    only=(--only "--pathspec-from-file=$1/paths" --pathspec-file-nul)
  fi
else
  git add --all
fi
GIT_LITERAL_PATHSPECS=1 git commit -F "$1/message" "${'$'}{only[@]}"`

/**
 * Commits, in a terminal of their own: hooks take what time they take, ask what they ask, and what they say can be read.
 * One at a time.
 */
export class GitCommits {
  readonly #options: GitCommitsOptions
  #current: Terminal | undefined
  #isStarting = false

  constructor(options: GitCommitsOptions) {
    this.#options = options
  }

  /** Whom a commit would name; `undefined` where Git has not been told. It makes up an address otherwise. */
  async author(): Promise<GitAuthor | undefined> {
    const stdout = await this.#git('-c', 'user.useConfigOnly=true', 'var', 'GIT_AUTHOR_IDENT').catch(() => '')
    const [, name = '', email = ''] = /^(.+) <(.+)> \d+ [+-]\d+\n$/.exec(stdout) ?? []
    return name === '' || email === '' ? undefined : { name, email }
  }

  /** Begins one; its end is the end of the terminal. */
  async start(asked: CommitRequest): Promise<Terminal> {
    if (this.#isStarting || this.#current?.hasEnded === false) {
      throw new RunnerError('conflict', 'A commit is under way.', { advice: 'See its terminal.' })
    }
    this.#isStarting = true
    try {
      return await this.#start(asked)
    } finally {
      this.#isStarting = false
    }
  }

  async #start({ message, paths, author, actor, cols, rows }: CommitRequest): Promise<Terminal> {
    const { terminals, workspace } = this.#options
    if (author !== undefined) await this.#keep(author)
    const folder = await mkdtemp(join(tmpdir(), 'devex-commit-'))
    const forget = (): void => void rm(folder, { recursive: true, force: true }).catch(() => undefined)
    try {
      await writeFile(join(folder, 'message'), message)
      // A repository within this one is named with a slash at the end, which Git does not take back.
      const named = paths?.map((path) => `${path.replace(/\/$/, '')}\0`)
      if (named !== undefined) await writeFile(join(folder, 'paths'), named.join(''))
      this.#current = terminals.create({
        kind: 'commit',
        name: 'Commit',
        cwd: '',
        directory: workspace.root,
        cols,
        rows,
        env: this.#options.env(),
        args: ['-lc', SCRIPT, 'commit', folder],
        createdBy: actor,
        onEnd: forget,
      })
      return this.#current
    } catch (error) {
      forget()
      throw error
    }
  }

  /** Not in the terminal: a `git config` that is hung up as it starts leaves its lock, and every later one fails. */
  async #keep({ name, email }: GitAuthor): Promise<void> {
    try {
      await this.#git('config', 'user.name', name)
      await this.#git('config', 'user.email', email)
    } catch (cause) {
      throw new RunnerError('unavailable', 'Git could not keep who commits.', {
        cause,
        advice: 'Run `git config user.name` and `git config user.email` in a terminal: they say what is wrong.',
      })
    }
  }

  async #git(...args: string[]): Promise<string> {
    const folder = this.#options.workspace.root
    return runGit(args, { folder, env: this.#options.env(), timeoutMs: GIT_ANSWER_TIMEOUT_MS })
  }
}
