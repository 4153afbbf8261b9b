import { joinPath, nameOf, parentOf } from '#protocol/paths.ts'
import { attemptEach } from './attempt-each.ts'
import type { Outcome } from './attempt-each.ts'
import type { Connection } from './connection.ts'
import { isWithin } from './documents.ts'
import type { Documents } from './documents.ts'
import type { FileTree } from './file-tree.ts'
import { freeName } from './free-name.ts'
import { RequestError, isCode } from './request-error.ts'
import { Store } from './store.ts'
import type { Tabs } from './tabs.ts'

interface Parts {
  connection: Connection
  tree: FileTree
  documents: Documents
  tabs: Tabs
}

/** What was copied or cut in the tree, to be pasted. */
export interface FileClipboard {
  kind: 'copy' | 'cut'
  paths: readonly string[]
}

/** What was moved to the REPL's trash. */
export interface Deleted {
  path: string
  /** What the trash knows it by. */
  deletion: string
}

/** What people do with files. Every one of them is a request to the runner; the tree shows what then is there. */
export class FileActions {
  readonly #parts: Parts
  /** What Paste would paste. */
  readonly clipboard = new Store<FileClipboard | undefined>(undefined)

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Makes an empty file, never over another one. */
  async createFile(path: string): Promise<void> {
    await this.#parts.connection.request('files.write', { path, content: '', ifMatch: null })
    await this.#parts.tree.list(parentOf(path))
  }

  async createFolder(path: string): Promise<void> {
    await this.#parts.connection.request('files.mkdir', { path })
    await this.#parts.tree.list(parentOf(path))
  }

  /** Renames or moves; open documents and tabs go along. What is not saved yet is saved first. */
  async move(from: string, to: string): Promise<void> {
    if (from === to) return
    const { connection, documents, tabs, tree } = this.#parts
    await documents.saveAll()
    // Text of a file that was deleted may stand where this is to go: only one of the two could stay open.
    const inTheWay = documents.unsaved.getSnapshot().find((path) => isWithin(path, to) && !isWithin(path, from))
    if (inTheWay !== undefined) throw unsavedThere(inTheWay)
    tree.moves.set(from, to)
    try {
      await connection.request('files.move', { from, to })
      await documents.moved(from, to)
      tabs.moved(from, to)
      tree.carryOver()
      await this.#listAround([from, to])
    } finally {
      tree.moves.delete(from)
    }
  }

  async moveInto(paths: readonly string[], folder: string): Promise<void> {
    for (const path of paths) await this.#moveInto(path, folder)
  }

  /** Copies beside itself under a name that is free: `a copy.txt`, `a copy 2.txt`. */
  async duplicate(path: string): Promise<string> {
    return this.#copyInto(path, parentOf(path))
  }

  /** Pastes whatever of it can be, one after the other. What was cut and could not be moved stays cut. */
  async paste({ kind, paths }: FileClipboard, folder: string): Promise<Outcome<string, string>> {
    const outcome: Outcome<string, string> = { done: [], failed: [] }
    for (const path of paths) {
      try {
        outcome.done.push(kind === 'copy' ? await this.#copyInto(path, folder) : await this.#moveInto(path, folder))
      } catch (error) {
        outcome.failed.push({ item: path, error })
      }
    }
    if (kind === 'cut') {
      const left = outcome.failed.map(({ item }) => item)
      this.clipboard.set(left.length === 0 ? undefined : { kind, paths: left })
    }
    return outcome
  }

  /** Moves to the REPL's trash whatever of it can be. */
  async delete(paths: readonly string[]): Promise<Outcome<string, Deleted>> {
    const { connection, documents } = this.#parts
    const outcome = await attemptEach(paths, async (path) => {
      await documents.saveWithin(path)
      const { deletion } = await connection.request('files.delete', { path })
      return { path, deletion }
    })
    await this.#listAround(paths)
    return outcome
  }

  /** Brings back from the trash whatever of it can be. */
  async restore(deleted: readonly Deleted[]): Promise<Outcome<Deleted, Deleted>> {
    const outcome = await attemptEach(deleted, async (one) => {
      await this.#parts.connection.request('files.restore', { deletion: one.deletion })
      return one
    })
    await this.#listAround(deleted.map(({ path }) => path))
    return outcome
  }

  async #moveInto(path: string, folder: string): Promise<string> {
    const to = joinPath(folder, nameOf(path))
    await this.move(path, to)
    return to
  }

  async #listAround(paths: readonly string[]): Promise<void> {
    const folders = new Set(paths.map((path) => parentOf(path)))
    await Promise.all([...folders].map((folder) => this.#parts.tree.list(folder)))
  }

  async #copyInto(path: string, folder: string): Promise<string> {
    const { connection, tree } = this.#parts
    for (let attempt = 0; ; attempt += 1) {
      const taken = new Set(
        tree.state
          .getSnapshot()
          .folders.get(folder)
          ?.entries.map((entry) => entry.name),
      )
      const to = joinPath(folder, freeName(nameOf(path), taken))
      try {
        await connection.request('files.copy', { from: path, to })
        await tree.list(folder)
        return to
      } catch (error) {
        // Somebody took the name meanwhile: look again, a few times.
        if (!isCode(error, 'conflict') || attempt >= MAX_NAME_ATTEMPTS) throw error
        await tree.list(folder)
      }
    }
  }
}

function unsavedThere(path: string): RequestError {
  return new RequestError({
    code: 'conflict',
    message: `"${path}" is open here with text that is not saved.`,
    advice: 'Save it, or close its tab, and try again.',
    path,
  })
}

const MAX_NAME_ATTEMPTS = 3
