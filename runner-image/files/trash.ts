import { cp, mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import * as z from 'zod'
import { newId, opaqueIdSchema } from '#protocol/ids.ts'
import { TRASH_DIR, isWorkspacePath, nameOf } from '#protocol/paths.ts'
import { RunnerError, errnoOf, toRunnerError } from '../errors.ts'
import { TRASH_KEEP_MS } from '../limits.ts'
import { exists, temporaryBeside } from './workspace.ts'
import type { Workspace } from './workspace.ts'

/** What lies beside a deletion's folder, as `<id>.json`. */
const recordSchema = z.object({ path: z.string().refine(isWorkspacePath), at: z.number() })

const COPY_EXACTLY = { recursive: true, preserveTimestamps: true, verbatimSymlinks: true } as const

/** Deleted files: `<trash>/<deletion id>/<original path>` under HOME, until they are restored or old. */
export class Trash {
  readonly #workspace: Workspace
  readonly #folder: string

  constructor(workspace: Workspace, home: string) {
    this.#workspace = workspace
    this.#folder = join(home, TRASH_DIR)
  }

  /** Moves `path` into the trash; the id brings it back. */
  async delete(path: string): Promise<string> {
    if (path === '') throw new RunnerError('bad_request', 'The workspace itself cannot be deleted.', { path })
    const id = newId()
    const target = join(this.#folder, id, path)
    try {
      await mkdir(dirname(target), { recursive: true })
      await writeFile(join(this.#folder, `${id}.json`), JSON.stringify({ path, at: Date.now() }))
      const { source, aside } = await this.#workspace.lock.run(async () => this.#takeAway(path, target))
      if (aside !== undefined) await this.#carryOver(aside, { source, target })
      return id
    } catch (error) {
      if (!(await exists(target))) await this.#forget(id)
      throw toRunnerError(error, path)
    }
  }

  /** Takes a deletion back; `conflict` if something is there by now. */
  async restore(id: string): Promise<string> {
    const { path } = await this.#record(id)
    try {
      await this.#workspace.lock.run(async () => {
        const target = await this.#workspace.resolveNew(path)
        if (await exists(target)) {
          throw new RunnerError('conflict', `${path} exists again.`, {
            path,
            advice: 'Rename it, then undo once more.',
          })
        }
        await mkdir(dirname(target), { recursive: true })
        await this.#bringBack(join(this.#folder, id, path), target)
      })
    } catch (error) {
      throw toRunnerError(error, path)
    }
    await this.#forget(id)
    return path
  }

  /** Deletes for good what is older than `TRASH_KEEP_MS`. */
  async sweep(): Promise<void> {
    const names = await readdir(this.#folder).catch(() => [])
    for (const name of names.filter((found) => found.endsWith('.json'))) {
      const { mtimeMs } = await stat(join(this.#folder, name))
      if (Date.now() - mtimeMs > TRASH_KEEP_MS) await this.#forget(nameOf(name).replace(/\.json$/, ''))
    }
  }

  async #record(id: string): Promise<z.infer<typeof recordSchema>> {
    try {
      opaqueIdSchema.parse(id)
      return recordSchema.parse(JSON.parse(await readFile(join(this.#folder, `${id}.json`), 'utf8')))
    } catch (error) {
      throw new RunnerError('gone', 'This deletion cannot be undone any more.', { cause: error })
    }
  }

  /**
   * Renames `path` into the trash. HOME may be another mount of the same volume, and `rename` does not cross mounts: then
   * to a hidden name beside it, so that it is gone at once and the copying holds up nobody.
   */
  async #takeAway(path: string, target: string): Promise<{ source: string; aside?: string }> {
    const source = await this.#workspace.locate(path)
    if (!(await exists(source))) {
      throw new RunnerError('not_found', `${path}: There is no such file or folder.`, { path })
    }
    try {
      await rename(source, target)
      return { source }
    } catch (error) {
      if (errnoOf(error) !== 'EXDEV') throw error
      const aside = temporaryBeside(source, newId())
      await rename(source, aside)
      return { source, aside }
    }
  }

  /** Copies what was set aside; if that fails (a full disk), it goes back to where it was. */
  async #carryOver(aside: string, { source, target }: { source: string; target: string }): Promise<void> {
    try {
      await cp(aside, target, COPY_EXACTLY)
    } catch (error) {
      await rm(target, { recursive: true, force: true })
      await this.#workspace.lock.run(async () => {
        if (!(await exists(source))) await rename(aside, source)
      })
      throw error
    }
    await rm(aside, { recursive: true, force: true })
  }

  async #bringBack(source: string, target: string): Promise<void> {
    try {
      await rename(source, target)
    } catch (error) {
      if (errnoOf(error) !== 'EXDEV') throw error
      await cp(source, target, COPY_EXACTLY)
    }
  }

  async #forget(id: string): Promise<void> {
    await rm(join(this.#folder, id), { recursive: true, force: true })
    await rm(join(this.#folder, `${id}.json`), { force: true })
  }
}
