import { readdir } from 'node:fs/promises'
import type { OpenRequest } from '#protocol/adoption.ts'
import { MAX_LIST_ENTRIES } from '#protocol/limits.ts'
import { cloneRepository, holdsClone } from './clone/clone.ts'
import type { CloneProgress } from './clone/progress.ts'
import type { RunnerEnv } from './env.ts'
import { RunnerError } from './errors.ts'
import type { openSandbox } from './opened-sandbox.ts'
import type { OpenedSandbox } from './opened-sandbox.ts'

/** What is told of a sandbox that has been opened: after a clone, the names at the project's top. */
interface Opened {
  names?: string[]
}

type OnProgress = (progress: CloneProgress) => void

interface OpeningOptions {
  env: RunnerEnv
  /** Builds what an opened sandbox consists of. */
  build: (request: OpenRequest) => ReturnType<typeof openSandbox>
}

/** A sandbox becomes a repl's once; a failed attempt leaves it as it was, to be tried again. */
export class Opening {
  readonly #options: OpeningOptions
  #sandbox: OpenedSandbox | undefined
  #attempt: { request: OpenRequest; done: Promise<Opened>; listeners: Set<OnProgress> } | undefined

  constructor(options: OpeningOptions) {
    this.#options = options
  }

  /** What was opened, if anything. */
  get sandbox(): OpenedSandbox | undefined {
    return this.#sandbox
  }

  /** Whether it is a repl's, or about to become one's. */
  get isBegun(): boolean {
    return this.#sandbox !== undefined || this.#attempt !== undefined
  }

  /** Throws `conflict` where this sandbox is, or is about to be, another repl's or another generation's. */
  assertMayOpen(request: OpenRequest): void {
    const current = this.#sandbox?.opened ?? this.#attempt?.request
    if (current === undefined || (current.repl === request.repl && current.generation === request.generation)) return
    throw new RunnerError('conflict', 'This sandbox belongs to another repl or another start of it.')
  }

  /** Opens it. The same request again joins an attempt under way, or resumes what is open. */
  async open(request: OpenRequest, onProgress: OnProgress): Promise<Opened> {
    if (this.#sandbox !== undefined) {
      if (request.variables !== undefined) this.#sandbox.setVariables(request.variables)
      await this.#sandbox.resume()
      return {}
    }
    const attempt = this.#attempt ?? this.#start(request)
    attempt.listeners.add(onProgress)
    return attempt.done
  }

  #start(request: OpenRequest) {
    const listeners = new Set<OnProgress>()
    const done = this.#open(request, (progress) => {
      for (const listener of listeners) listener(progress)
    }).finally(() => {
      this.#attempt = undefined
    })
    this.#attempt = { request, done, listeners }
    return this.#attempt
  }

  async #open(request: OpenRequest, onProgress: OnProgress): Promise<Opened> {
    const { env, build } = this.#options
    const { HOME: home, PATH: path, WORKSPACE_DIR: folder } = env
    // A runner that was restarted is asked the same again: what was cloned then is here.
    if (request.clone !== undefined && !holdsClone({ folder, home })) {
      await cloneRepository({ source: request.clone, folder, home, path, onProgress })
    }
    this.#sandbox = await build(request)
    return request.clone === undefined ? {} : { names: await topNames(folder) }
  }
}

async function topNames(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.isWellFormed()).slice(0, MAX_LIST_ENTRIES)
}
