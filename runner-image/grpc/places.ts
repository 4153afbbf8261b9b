import { realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import type { Reach } from '#wire/gen/runner.ts'
import { RunnerError } from '../errors.ts'
import { fromHome } from '../files/from-home.ts'
import { Workspace } from '../files/workspace.ts'

/** As numbers: the wire's code is loaded with the first connection only. What is neither is confined to the workspace. */
const REACHES = { writable: 1, anywhere: 2 } as const satisfies Record<string, Reach>

/** A folder that paths are confined to, and a path below it. */
export interface Place {
  folder: Workspace
  path: string
  /** Whether it lies in the workspace, where deletions go to the trash. */
  isWorkspace: boolean
}

/**
 * Where agents' paths lead: relative to the workspace, absolute, or from HOME with `~` as in a shell. They may write in the workspace and the temporary
 * folder, and read as far as the request says: HOME with its keys is for those who could read it with a command.
 */
export class Places {
  readonly #workspace: Workspace
  readonly #temporary = new Workspace(realpathSync(tmpdir()), { isNamedWhole: true })
  readonly #everything = new Workspace('/', { isNamedWhole: true })

  constructor(workspace: Workspace) {
    this.#workspace = workspace
  }

  toRead({ path: asked, reach }: { path: string; reach: Reach }): Place {
    const absolute = this.#absolute(asked)
    const place = this.#writable(absolute)
    if (reach === REACHES.anywhere)
      return place ?? { folder: this.#everything, path: absolute.slice(1), isWorkspace: false }
    if (place !== undefined && (place.isWorkspace || reach === REACHES.writable)) return place
    throw outside(asked, 'To read there needs the scope repl:exec, which was not given.')
  }

  toWrite(asked: string): Place {
    const place = this.#writable(this.#absolute(asked))
    if (place !== undefined) return place
    throw outside(asked, `Write below ${this.#workspace.root} or ${this.#temporary.root}.`)
  }

  /** A path as it is told: relative where it lies in the workspace, else absolute. */
  nameOf({ folder, path, isWorkspace }: Place): string {
    return isWorkspace ? path : join(folder.root, path)
  }

  #absolute(asked: string): string {
    if (asked.includes('\0')) throw new RunnerError('bad_request', 'A path cannot hold a NUL character.')
    const path = fromHome(asked)
    const absolute = path.startsWith('/') ? join(path) : join(this.#workspace.root, path)
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

function outside(asked: string, advice: string): RunnerError {
  const path = asked.slice(0, 200)
  return new RunnerError('forbidden', `${path} lies outside of the workspace.`, { path, advice })
}
