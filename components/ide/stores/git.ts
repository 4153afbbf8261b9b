import { parentOf } from '#protocol/paths.ts'
import type { GitChangeKind, GitFile, GitStatus } from '#protocol/git-status.ts'
import type { Connection } from './connection.ts'
import { GIT_REST_MS, GIT_REST_TIMES, MAX_GIT_ASKED_AGAIN, RELIST_AFTER_MS } from './limits.ts'
import { isLost } from './request-error.ts'
import { Store } from './store.ts'
import { Turns } from './turns.ts'

export interface GitState {
  /** As last heard; absent before the first answer. */
  status: GitStatus | undefined
  /** By path, what changed; of folders, that something in them did. */
  kinds: ReadonlyMap<string, GitChangeKind>
  folders: ReadonlySet<string>
}

const NOTHING: GitState = { status: undefined, kinds: new Map(), folders: new Set() }

/** How the workspace stands beside its last commit: asked for when the line opens and after changes. */
export class Git implements Disposable {
  readonly state = new Store<GitState>(NOTHING)
  readonly #connection: Connection
  readonly #looks = new Turns(() => this.#look())
  #timer: ReturnType<typeof setTimeout> | undefined
  /** Of `performance.now`. */
  #restsUntil = 0
  /** Questions since the last answer. */
  #unanswered = 0

  constructor(connection: Connection) {
    this.#connection = connection
    connection.on('hello', () => void this.refresh())
    connection.on('files.changed', () => this.#schedule())
  }

  /** Asks now. */
  refresh(): Promise<void> {
    return this.#looks.take('')
  }

  /** A file as the last commit has it. Rejects with `RequestError`. */
  file(path: string): Promise<GitFile> {
    return this.#connection.request('git.file', { path })
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #schedule(): void {
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined
        void this.refresh()
      },
      Math.max(RELIST_AFTER_MS, this.#restsUntil - performance.now()),
    )
  }

  async #look(): Promise<void> {
    const startedAt = performance.now()
    const status = await this.#ask()
    this.#unanswered = status?.kind === 'unanswered' ? this.#unanswered + 1 : 0
    const isAskedAgain = this.#unanswered > 0 && this.#unanswered <= MAX_GIT_ASKED_AGAIN
    const isKnown = this.state.getSnapshot().status !== undefined
    if (status !== undefined && !(isAskedAgain && isKnown)) this.state.set(stateOf(status))
    // In a large repository Git looks for long, and a build changes files without end.
    const endedAt = performance.now()
    this.#restsUntil = endedAt + Math.max(GIT_REST_MS, GIT_REST_TIMES * (endedAt - startedAt))
    if (isAskedAgain) this.#schedule()
  }

  /** `undefined` where there is no line. */
  async #ask(): Promise<GitStatus | undefined> {
    try {
      return await this.#connection.request('git.status', {})
    } catch (error) {
      return isLost(error) ? undefined : { kind: 'unanswered' }
    }
  }
}

function stateOf(status: GitStatus): GitState {
  if (status.kind !== 'repository') return { ...NOTHING, status }
  const folders = new Set<string>()
  for (const { path } of status.changes) {
    for (let folder = parentOf(path); folder !== '' && !folders.has(folder); folder = parentOf(folder))
      folders.add(folder)
  }
  return { status, kinds: new Map(status.changes.map(({ path, kind }) => [path, kind])), folders }
}
