import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, realpathSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { newId } from '#protocol/ids.ts'
import { isWorkspacePath, nameOf, parentOf } from '#protocol/paths.ts'
import { RunnerError, errnoOf, toRunnerError } from '../errors.ts'
import { Lock } from './lock.ts'
import { SaveClock } from './save-clock.ts'

/** Names that the runner makes while it writes; nobody is shown them. */
export const TEMPORARY_NAME = /^\.devex-([a-z0-9]{16})\.tmp$/

/** Characters of a temporary name that are this process's; the other ten are random. */
const OWN_LENGTH = 6

/**
 * The folder that every file request is confined to. A path is resolved through its symbolic links, and what it
 * resolves to must lie inside; a link that leads out can be seen, renamed and deleted, but not read or written through.
 *
 * Looking up names does not wait for a disk that is busy writing, and a way through the thread pool takes ten times as
 * long as the look: so it is done at once. What makes and moves names waits for the journal, and goes through the pool.
 * (A way that leads over a mount whose server is gone would hold up everything; a sandbox has no such mounts, and where links
 * of a listing lead is looked up through the pool all the same.)
 */
export class Workspace {
  /** Real path of the workspace. */
  readonly root: string
  /** Changes of names are made one at a time: a check and the rename that relies on it cannot be interleaved. */
  readonly lock = new Lock()
  readonly saveClock = new SaveClock()
  /** Begins every temporary name of this process: those of one that died are told by it. */
  readonly #own = `.devex-${newId().slice(0, OWN_LENGTH)}`

  /** Whether errors name what is in it by its whole path: outside of the workspace a relative one would mislead. */
  readonly #isNamedWhole: boolean

  constructor(root: string, { isNamedWhole = false }: { isNamedWhole?: boolean } = {}) {
    this.root = root
    this.#isNamedWhole = isNamedWhole
  }

  /** Where `path` itself is: its folder resolved, its last part not followed. */
  locate(path: string): string {
    if (!isWorkspacePath(path)) throw notInside(this.#told(path))
    if (path === '') return this.root
    const parent = this.#inside(join(this.root, parentOf(path)), path)
    return join(parent, nameOf(path))
  }

  /** Where `path` leads: all symbolic links followed. */
  resolve(path: string): string {
    if (!isWorkspacePath(path)) throw notInside(this.#told(path))
    return this.#inside(join(this.root, path), path)
  }

  /** Like `resolve`, but what is missing at the end stays as it is written: where a new file would be. */
  resolveNew(path: string): string {
    if (!isWorkspacePath(path) || path === '') throw notInside(this.#told(path))
    // Most often it is there.
    const real = realPathOrNone(join(this.root, path))
    if (real !== undefined) return this.#contained(real, path)
    let existing = path
    while (existing !== '' && !exists(join(this.root, existing))) existing = parentOf(existing)
    const base = this.resolve(existing)
    return join(base, path.slice(existing === '' ? 0 : existing.length + 1))
  }

  /** Whether an absolute, real path lies inside. */
  contains(real: string): boolean {
    return real === this.root || this.root === '/' || real.startsWith(`${this.root}/`)
  }

  /** A name beside `absolute` that nothing has yet. */
  temporaryBeside(absolute: string): string {
    return join(dirname(absolute), `${this.#own}${newId().slice(OWN_LENGTH)}.tmp`)
  }

  /** Whether this process made such a name, and so may still be at work there. */
  isOwnTemporary(name: string): boolean {
    return name.startsWith(this.#own)
  }

  /**
   * Opens a regular file for reading. What was opened is checked, not only what was resolved: a link swapped in between
   * leads nowhere.
   */
  async openFile(path: string): Promise<FileHandle> {
    const handle = await open(this.resolve(path), READING).catch((error: unknown) => {
      throw toRunnerError(error, this.#told(path))
    })
    try {
      this.#assertFile(handle.fd, this.#told(path))
      return handle
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /** The same at once, for what is read in one go: its descriptor, until it is disposed of. */
  openFileSync(path: string): Disposable & { fd: number } {
    const fd = openForReading(this.resolve(path), this.#told(path))
    try {
      this.#assertFile(fd, this.#told(path))
      return { fd, [Symbol.dispose]: () => closeSync(fd) }
    } catch (error) {
      closeSync(fd)
      throw error
    }
  }

  #assertFile(fd: number, path: string): void {
    const opened = readlinkSync(`/proc/self/fd/${fd}`)
    if (!this.contains(opened.replace(/ \(deleted\)$/, ''))) throw notInside(path)
    const stat = fstatSync(fd)
    if (stat.isDirectory())
      throw new RunnerError('bad_request', `${path || 'The workspace'} is a folder.`, {
        path,
        advice: 'Name a file in it.',
      })
    if (!stat.isFile()) throw new RunnerError('not_supported', `${path} is not a regular file.`, { path })
  }

  #inside(absolute: string, path: string): string {
    try {
      return this.#contained(realpathSync.native(absolute), path)
    } catch (error) {
      throw toRunnerError(error, this.#told(path))
    }
  }

  #contained(real: string, path: string): string {
    if (!this.contains(real)) throw notInside(this.#told(path))
    return real
  }

  #told(path: string): string {
    return this.#isNamedWhole ? join(this.root, path) : path
  }
}

/** The workspace at `folder`, which must exist. */
export function openWorkspace(folder: string): Workspace {
  return new Workspace(realpathSync.native(folder))
}

/** Never waits: not for a writer of a pipe, nor for a device. */
const READING = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

function openForReading(real: string, path: string): number {
  try {
    return openSync(real, READING)
  } catch (error) {
    throw toRunnerError(error, path)
  }
}

function realPathOrNone(absolute: string): string | undefined {
  try {
    return realpathSync.native(absolute)
  } catch {
    return undefined
  }
}

/** Whether something lies at `absolute`, be it a dangling link. */
export function exists(absolute: string): boolean {
  try {
    lstatSync(absolute)
    return true
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return false
    throw toRunnerError(error, basename(absolute))
  }
}

/** The temporary name that stands for an id. */
export function temporaryName(id: string): string {
  return `.devex-${id}.tmp`
}

/** The id that a temporary name stands for. */
export function idOfTemporary(name: string): string | undefined {
  return TEMPORARY_NAME.exec(name)?.[1]
}

function notInside(path: string): RunnerError {
  return new RunnerError('forbidden', 'This path leads out of the workspace.', { path: path.slice(0, 200) })
}
