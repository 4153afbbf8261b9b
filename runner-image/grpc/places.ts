import { realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { RunnerError } from '../errors.ts'
import { Workspace } from '../files/workspace.ts'

/** A folder that paths are confined to, and a path below it. */
export interface Place {
  folder: Workspace
  path: string
  /** Whether it lies in the workspace, where deletions go to the trash. */
  isWorkspace: boolean
}

/**
 * Where agents' paths lead: relative to the workspace or absolute. They may read wherever the sandbox's user may, and
 * write in the workspace and the temporary folder.
 */
export class Places {
  readonly #workspace: Workspace
  readonly #temporary = new Workspace(realpathSync(tmpdir()))
  readonly #everything = new Workspace('/')

  constructor(workspace: Workspace) {
    this.#workspace = workspace
  }

  toRead(asked: string): Place {
    const absolute = this.#absolute(asked)
    return this.#writable(absolute) ?? { folder: this.#everything, path: absolute.slice(1), isWorkspace: false }
  }

  toWrite(asked: string): Place {
    const place = this.#writable(this.#absolute(asked))
    if (place !== undefined) return place
    throw new RunnerError('forbidden', `${asked.slice(0, 200)} lies outside of the workspace.`, {
      path: asked.slice(0, 200),
      advice: `Write below ${this.#workspace.root} or ${this.#temporary.root}.`,
    })
  }

  /** A path as it is told: relative where it lies in the workspace, else absolute. */
  nameOf({ folder, path, isWorkspace }: Place): string {
    return isWorkspace ? path : join(folder.root, path)
  }

  #absolute(asked: string): string {
    if (asked.includes('\0')) throw new RunnerError('bad_request', 'A path cannot hold a NUL character.')
    const absolute = asked.startsWith('/') ? join(asked) : join(this.#workspace.root, asked)
    return absolute.length > 1 ? absolute.replace(/\/$/, '') : absolute
  }

  #writable(absolute: string): Place | undefined {
    for (const folder of [this.#workspace, this.#temporary]) {
      if (!folder.contains(absolute)) continue
      return { folder, path: relative(folder.root, absolute), isWorkspace: folder === this.#workspace }
    }
    return undefined
  }
}
