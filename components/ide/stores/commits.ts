import type { ToastInput } from '#components/ui/toast-store.ts'
import type { GitAuthor, GitChange, GitRepository } from '#protocol/git-status.ts'
import type { Connection } from './connection.ts'
import type { Documents } from './documents.ts'
import type { Git } from './git.ts'
import { RequestError, isCode } from './request-error.ts'
import { Store } from './store.ts'
import type { Terminals } from './terminals.ts'

interface Parts {
  connection: Connection
  documents: Documents
  git: Git
  terminals: Terminals
  notify: (toast: ToastInput) => void
}

export interface CommitState {
  /** Paths of changes that are to stay out of the next commit. */
  leftOut: ReadonlySet<string>
  /** Terminal of the one that is under way; `''` until that is known. */
  terminal: string | undefined
  /** Git does not know whom to name: that is to be said along with the next try. */
  needsAuthor: boolean
}

/** `not-yet`: one is under way or was broken off, or Git has to be told whom to name. `refused`: the terminal says why. */
export type CommitOutcome = { kind: 'done' } | { kind: 'not-yet' } | { kind: 'refused'; terminal: string }

/** Commits, and the taking back of what was not committed. */
export class Commits {
  readonly state = new Store<CommitState>({ leftOut: new Set(), terminal: undefined, needsAuthor: false })
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Whether a change is to be in the next commit. */
  include(path: string, isIncluded: boolean): void {
    this.state.update((state) => {
      const leftOut = new Set(state.leftOut)
      if (isIncluded) leftOut.delete(path)
      else leftOut.add(path)
      return { ...state, leftOut }
    })
  }

  /**
   * Commits what is not left out. Resolves to what came of it: hooks may refuse, and Git may have to be told first whom to
   * name. What was typed is saved before.
   */
  async commit(repository: GitRepository, message: string, author?: GitAuthor): Promise<CommitOutcome> {
    if (this.state.getSnapshot().terminal !== undefined) return { kind: 'not-yet' }
    const { connection, documents, git, terminals, notify } = this.#parts
    const { leftOut } = this.state.getSnapshot()
    const changes = repository.changes.filter(({ path }) => !leftOut.has(path))
    const isAll = changes.length === repository.changes.length
    this.#patch({ terminal: '' })
    try {
      await documents.saveAll()
      if (author === undefined && (await connection.request('git.author', {})).author === undefined) {
        this.#patch({ needsAuthor: true })
        return { kind: 'not-yet' }
      }
      const { terminal } = await connection.request('git.commit', {
        message,
        ...(!isAll && { paths: pathsOf(changes) }),
        ...(author !== undefined && { author }),
        ...terminals.likelySize(),
      })
      this.#patch({ terminal, needsAuthor: false })
      const code = await terminals.ended(terminal)
      if (code === undefined) {
        notify(BROKEN_OFF)
        return { kind: 'not-yet' }
      }
      if (code !== 0) {
        notify({ title: 'Nothing was committed.', description: 'The terminal “Commit” says why.', tone: 'failed' })
        return { kind: 'refused', terminal }
      }
      await terminals.close(terminal).catch(() => undefined)
      this.#patch({ leftOut: new Set() })
      notify({ title: 'Committed', description: message.split('\n')[0] ?? '' })
      return { kind: 'done' }
    } finally {
      this.#patch({ terminal: undefined })
      void git.refresh()
    }
  }

  /** Brings a file to where the last commit has it. What it was is in the trash, and one press away. */
  async discard({ path, from }: GitChange): Promise<void> {
    const { connection, documents, git, notify } = this.#parts
    const named = path.replace(/\/$/, '')
    await documents.saveWithin(named)
    const asked = { path: named, ...(from !== undefined && { from }) }
    const { deletion, restored } = await connection.request('git.discard', asked)
    void git.refresh()
    const undo = async (): Promise<void> => {
      for (const one of restored) {
        await connection.request('files.delete', { path: one }).catch((error: unknown) => {
          if (!isCode(error, 'not_found')) throw error
        })
      }
      if (deletion !== undefined) await connection.request('files.restore', { deletion })
      void git.refresh()
    }
    notify({
      title: `The changes of "${named}" were discarded.`,
      action: { label: 'Undo', onAct: () => void undo().catch(() => notify(NOT_BACK)) },
    })
  }

  #patch(change: Partial<CommitState>): void {
    this.state.update((state) => ({ ...state, ...change }))
  }
}

/** Somebody closed its terminal, or the sandbox went. */
const BROKEN_OFF = {
  title: 'The commit was broken off.',
  description: 'The list shows what is not committed; git log in a terminal, what is.',
  tone: 'failed',
} as const

const NOT_BACK = {
  title: 'It could not be brought back.',
  description: 'What it was is in the trash, at the top of Files.',
  tone: 'failed',
} as const

function pathsOf(changes: readonly GitChange[]): string[] {
  if (changes.length === 0) {
    throw new RequestError({ code: 'bad_request', message: 'No file is chosen.', advice: 'Tick those to commit.' })
  }
  return changes.flatMap(({ path, from }) => (from === undefined ? [path] : [path, from]))
}
