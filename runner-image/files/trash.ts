import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import * as z from 'zod'
import { newId, opaqueIdSchema } from '#protocol/ids.ts'
import { MAX_TRASH_LISTED } from '#protocol/limits.ts'
import { TRASH_DIR, isWorkspacePath } from '#protocol/paths.ts'
import { RunnerError, errnoOf, toRunnerError } from '../errors.ts'
import { TRASH_KEEP_MS } from '../limits.ts'
import type { Log } from '../log.ts'
import { copyExactly } from './copy-exactly.ts'
import { diskUsage } from './disk-use.ts'
import { removeTree } from './remove-tree.ts'
import { exists, idOfTemporary, temporaryName } from './workspace.ts'
import type { Workspace } from './workspace.ts'

/** What lies beside a deletion's folder, as `<id>.json`. */
const recordSchema = z.object({ path: z.string().refine(isWorkspacePath), at: z.number() })

interface Carrying {
  abort: AbortController
  done: Promise<void>
}

/**
 * Deleted files: `<trash>/<deletion id>/<original path>` under HOME, until they are restored or old. HOME may be another
 * mount of the same volume, and `rename` does not cross mounts. Then what is deleted is first set aside, under a hidden
 * name at the workspace's top, and carried over while nobody waits: it comes into the trash whole, and only then goes.
 * What a stop or a crash breaks off is carried over by the next start; until then it can be restored all the same.
 */
export class Trash {
  readonly #workspace: Workspace
  readonly #folder: string
  readonly #log: Log
  /** When something was deleted last: of two deletions one is always the later. */
  #lastAt = 0
  readonly #carrying = new Map<string, Carrying>()
  /** Deletions that are being made, restored or ended for good: what was last asked for with each, over when it resolves. */
  readonly #inHand = new Map<string, Promise<void>>()

  constructor(workspace: Workspace, home: string, log: Log) {
    this.#workspace = workspace
    this.#folder = join(home, TRASH_DIR)
    this.#log = log
  }

  /** Moves `path` into the trash; the id brings it back. */
  async delete(path: string): Promise<string> {
    if (path === '') throw new RunnerError('bad_request', 'The workspace itself cannot be deleted.', { path })
    const id = newId()
    try {
      await this.#inPeace(id, async () => {
        await mkdir(dirname(join(this.#folder, id, path)), { recursive: true })
        await writeFile(this.#recordOf(id), JSON.stringify({ path, at: this.#now() }))
        await this.#workspace.lock.run(async () => this.#takeAway(id, path))
      })
      this.#carryOver(id)
      return id
    } catch (error) {
      const places = [join(this.#folder, id, path), this.#asideOf(id)]
      if (!places.some(exists)) await this.#forget(id)
      throw toRunnerError(error, path)
    }
  }

  /** Takes a deletion back; `conflict` if something is there by now. */
  async restore(id: string): Promise<string> {
    const { path } = await this.#record(id)
    try {
      if (exists(this.#workspace.resolveNew(path))) throw taken(path)
      await this.#inPeace(id, async () => {
        await this.#bringBack(id, path)
        await this.#forget(id)
      })
      return path
    } catch (error) {
      this.#carryOver(id)
      throw toRunnerError(error, path)
    }
  }

  /** What can be taken back, deleted last first. */
  async list(): Promise<{ deleted: { deletion: string; path: string; at: number }[]; total: number; bytes?: number }> {
    const all = (await this.#oldestFirst()).toReversed()
    const [bytes, records] = await Promise.all([
      all.length === 0 ? 0 : diskUsage([this.#folder]),
      Promise.all(
        all.slice(0, MAX_TRASH_LISTED).map(async ({ id }) => {
          // Taken back or gone meanwhile.
          const record = await this.#record(id).catch(() => undefined)
          return record === undefined ? [] : [{ deletion: id, ...record }]
        }),
      ),
    ])
    // The clock of files ticks every few milliseconds: by it several can be as old.
    const deleted = records.flat().sort((one, other) => other.at - one.at)
    return { deleted, total: all.length, ...(bytes !== undefined && { bytes }) }
  }

  /** Deletes for good: these, or all that nobody has in hand. */
  async empty(ids?: readonly string[]): Promise<void> {
    for (const { id } of await this.#oldestFirst()) {
      if (ids === undefined ? this.#inHand.has(id) : !ids.includes(id)) continue
      await this.#inPeace(id, async () => this.#forget(id))
    }
  }

  /** Goes on with what was broken off, and deletes for good what is older than `TRASH_KEEP_MS` and in nobody's hand. */
  async tidy(): Promise<void> {
    for (const { id, at } of await this.#oldestFirst()) {
      if (this.#inHand.has(id)) continue
      if (Date.now() - at > TRASH_KEEP_MS) await this.#inPeace(id, async () => this.#forget(id))
      else this.#carryOver(id)
    }
  }

  /** Resolves when everything is in the trash. */
  async settled(): Promise<void> {
    await Promise.all([...this.#carrying.values()].map(async ({ done }) => done))
  }

  /** Deletes for good, oldest first, until this made room for so many bytes or nothing is left but what is in hand. */
  async free(bytes: number): Promise<void> {
    let freed = 0
    for (const { id } of await this.#oldestFirst()) {
      if (freed >= bytes) return
      const parts = [join(this.#folder, id), this.#asideOf(id)]
      const sizes = await Promise.all(parts.map(async (part) => diskUsage([part])))
      // Somebody may have begun to take it back meanwhile.
      if (this.#inHand.has(id)) continue
      await this.#inPeace(id, async () => this.#forget(id))
      for (const size of sizes) freed += size ?? 0
    }
  }

  /** Whether a deletion that can still be taken back was set aside there. */
  async holds(absolute: string): Promise<boolean> {
    const id = idOfTemporary(basename(absolute))
    return id !== undefined && absolute === this.#asideOf(id) && exists(this.#recordOf(id))
  }

  #now(): number {
    this.#lastAt = Math.max(Date.now(), this.#lastAt + 1)
    return this.#lastAt
  }

  #recordOf(id: string): string {
    return join(this.#folder, `${id}.json`)
  }

  #asideOf(id: string): string {
    return join(this.#workspace.root, temporaryName(id))
  }

  async #record(id: string): Promise<z.infer<typeof recordSchema>> {
    try {
      opaqueIdSchema.parse(id)
      return recordSchema.parse(JSON.parse(await readFile(this.#recordOf(id), 'utf8')))
    } catch (error) {
      throw gone(error)
    }
  }

  async #oldestFirst(): Promise<{ id: string; at: number }[]> {
    const names = await readdir(this.#folder).catch(() => [])
    const ids = names.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length))
    const found = await Promise.all(
      ids.map(async (id) => ({ id, at: (await stat(this.#recordOf(id)).catch(() => undefined))?.mtimeMs ?? 0 })),
    )
    return found.sort((a, b) => a.at - b.at)
  }

  /** Out of the way with one rename, wherever the trash is. */
  async #takeAway(id: string, path: string): Promise<void> {
    const source = this.#workspace.locate(path)
    if (!exists(source)) {
      throw new RunnerError('not_found', `${path}: There is no such file or folder.`, { path })
    }
    await rename(source, join(this.#folder, id, path)).catch(async (error: unknown) => {
      if (errnoOf(error) !== 'EXDEV') throw error
      await rename(source, this.#asideOf(id))
    })
  }

  /** Carries over what was set aside, if it was. What fails (a full disk) stays aside, and is tried again at a start. */
  #carryOver(id: string): void {
    if (this.#carrying.has(id) || this.#inHand.has(id)) return
    const abort = new AbortController()
    const done = this.#workspace.lock
      .alongside(async (signal) => this.#carry(id, AbortSignal.any([signal, abort.signal])))
      .catch((error: unknown) => {
        if (!(error instanceof RunnerError)) this.#log.error('Deleted files are not in the trash yet.', error, { id })
      })
      .finally(() => this.#carrying.delete(id))
    this.#carrying.set(id, { abort, done })
  }

  async #carry(id: string, signal: AbortSignal): Promise<void> {
    const aside = this.#asideOf(id)
    if (!exists(aside)) return
    const { path } = await this.#record(id)
    const [whole, part] = [join(this.#folder, id), join(this.#folder, `${id}.part`)]
    if (!exists(join(whole, path))) {
      try {
        await removeTree(part)
        await mkdir(dirname(join(part, path)), { recursive: true })
        await copyExactly(aside, join(part, path), signal)
        await removeTree(whole)
        await rename(part, whole)
      } catch (error) {
        await removeTree(part)
        throw error
      }
    }
    await removeTree(aside)
  }

  /** Does what nothing may be carried over beside, nor anything else be done with this deletion: one after the other. */
  async #inPeace(id: string, work: () => Promise<void>): Promise<void> {
    const before = this.#inHand.get(id)
    const { promise: over, resolve: end } = Promise.withResolvers<void>()
    this.#inHand.set(id, over)
    try {
      await before
      const carrying = this.#carrying.get(id)
      carrying?.abort.abort(new RunnerError('conflict', 'This deletion is taken back.'))
      await carrying?.done
      await work()
    } finally {
      if (this.#inHand.get(id) === over) this.#inHand.delete(id)
      end()
    }
  }

  /** From where it was set aside, or else from the trash. */
  async #bringBack(id: string, path: string): Promise<void> {
    const { lock } = this.#workspace
    const [aside, whole] = [this.#asideOf(id), join(this.#folder, id, path)]
    const isWhole = exists(whole)
    if (!isWhole && !exists(aside)) throw gone()
    const isBack = await lock.run(async () => this.#putBack(isWhole ? whole : aside, path))
    if (isBack) return
    await lock.alongside(async (signal) => {
      const temporary = this.#workspace.temporaryBeside(aside)
      try {
        await copyExactly(whole, temporary, signal)
        await lock.run(async () => this.#putBack(temporary, path))
      } finally {
        await removeTree(temporary)
      }
    })
  }

  /** `false` where it lies on another mount. */
  async #putBack(source: string, path: string): Promise<boolean> {
    const target = this.#workspace.resolveNew(path)
    if (exists(target)) throw taken(path)
    await mkdir(dirname(target), { recursive: true })
    try {
      await rename(source, target)
      return true
    } catch (error) {
      if (errnoOf(error) === 'EXDEV') return false
      throw error
    }
  }

  /** The record goes last: what a crash leaves is known by it. */
  async #forget(id: string): Promise<void> {
    for (const part of [this.#asideOf(id), join(this.#folder, id), join(this.#folder, `${id}.part`)]) {
      await removeTree(part)
    }
    await rm(this.#recordOf(id), { force: true })
  }
}

function taken(path: string): RunnerError {
  return new RunnerError('conflict', `${path} exists again.`, {
    path,
    advice: 'Rename it, then undo once more.',
  })
}

function gone(cause?: unknown): RunnerError {
  return new RunnerError('gone', 'This deletion cannot be undone any more.', { cause })
}
