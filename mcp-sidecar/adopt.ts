import type {
  AdoptProgress,
  AdoptRequest,
  RestoreProgress,
  RestoreRequest,
  SaveProgress,
  SaveRequest,
  VariablesProgress,
} from '#protocol/adoption.ts'
import type { WireError } from '#protocol/errors.ts'
import type { Variables } from '#protocol/variables.ts'
import { Progress } from './progress.ts'
import { SidecarError, toWireError } from './sidecar-error.ts'
import type { LogFailure, Workspace } from './workspace.ts'

interface SandboxOptions {
  sandboxId: string
  makeWorkspace: (request: AdoptRequest) => Workspace
  log: LogFailure
}

interface Identity {
  repl: string
  generation: number
}

/** One sandbox's life: adopted once, by one generation of one repl. Calls that come twice join. */
export class AdoptedSandbox implements AsyncDisposable {
  readonly #options: SandboxOptions
  #owner: { identity: Identity; workspace: Workspace } | undefined
  #adoption: Progress<AdoptProgress> | undefined
  #stop: Progress<SaveProgress> | undefined
  #busy: Promise<unknown> = Promise.resolve()

  constructor(options: SandboxOptions) {
    this.#options = options
  }

  get identity(): Identity | null {
    return this.#owner?.identity ?? null
  }

  /** What its agents work with; refuses while it is nobody's. */
  get forAgents(): Workspace['forAgents'] {
    return this.#requireOwner().workspace.forAgents
  }

  /** Adopts, or joins an adoption under way. After a failure, and after a stop, the same repl and generation may come again. */
  adopt(request: AdoptRequest): Progress<AdoptProgress> {
    const { sandboxId, makeWorkspace, log } = this.#options
    if (request.sandbox !== sandboxId) throw new SidecarError('conflict', `This is sandbox ${sandboxId}.`)
    const identity = { repl: request.repl, generation: request.generation }
    const owner = (this.#owner ??= { identity, workspace: makeWorkspace(request) })
    if (owner.identity.repl !== identity.repl || owner.identity.generation !== identity.generation)
      throw new SidecarError('conflict', 'This sandbox belongs to another repl or generation.')
    if (this.#adoption !== undefined && !this.#adoption.hasEnded) return this.#adoption
    // Adopted again, it is told what its owner wants by now.
    owner.workspace.renewVariables(request.variables)

    const progress = new Progress<AdoptProgress>()
    this.#adoption = progress
    void this.#oneAtATime(async () => {
      try {
        const done = await owner.workspace.bringUp((line) => progress.emit(line))
        this.#stop = undefined
        progress.end(done)
      } catch (error) {
        log('The adoption failed.', error)
        // The volume is somebody else's, or this generation is over: the rightful one may still come.
        if (error instanceof SidecarError && error.code === 'conflict') await this.#release(owner.workspace)
        progress.end({ phase: 'failed', error: toWireError(error) })
      }
    })
    return progress
  }

  /** Saves and goes on. */
  save(reason: SaveRequest['reason']): Progress<SaveProgress> {
    const { workspace } = this.#requireOwner()
    return this.#follow<SaveProgress>('A save failed.', (onProgress) => workspace.save(reason, onProgress))
  }

  /** What is started from now on has these variables. */
  setVariables(variables: Variables): Progress<VariablesProgress> {
    const { workspace } = this.#requireOwner()
    return this.#follow<VariablesProgress>('The runner could not be told of variables.', async () => {
      await workspace.setVariables(variables)
      return { phase: 'done' }
    })
  }

  /** Puts a snapshot in the place of what is there, and goes on. */
  restore(request: RestoreRequest): Progress<RestoreProgress> {
    const { workspace } = this.#requireOwner()
    return this.#follow<RestoreProgress>('A restore failed.', (onProgress) =>
      this.#oneAtATime(() => workspace.restore(request, onProgress)),
    )
  }

  /** Ends all processes and saves. While that goes on, and after it was done, another call gets the same answer. */
  stop(): Progress<SaveProgress> {
    const { workspace } = this.#requireOwner()
    if (this.#stop !== undefined && this.#stop.newest?.phase !== 'failed') return this.#stop
    this.#stop = this.#follow<SaveProgress>('A save failed.', (onProgress) =>
      this.#oneAtATime(() => workspace.stop(onProgress)),
    )
    return this.#stop
  }

  /** Stops if anybody can have worked here, and waits: how it went. After a stop that was committed this is at once. */
  async end(): Promise<SaveProgress | undefined> {
    if (this.#owner === undefined || !(await this.#owner.workspace.mayHoldWork())) return undefined
    let last: SaveProgress | undefined
    for await (const line of this.stop()) last = line
    return last
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owner?.workspace[Symbol.asyncDispose]()
  }

  #follow<T>(
    failure: string,
    work: (onProgress: (line: T) => void) => Promise<T>,
  ): Progress<T | { phase: 'failed'; error: WireError }> {
    const progress = new Progress<T | { phase: 'failed'; error: WireError }>()
    const run = async () => {
      try {
        progress.end(await work((line) => progress.emit(line)))
      } catch (error) {
        this.#options.log(failure, error)
        progress.end({ phase: 'failed', error: toWireError(error) })
      }
    }
    void run()
    return progress
  }

  /** Bringing up, restoring and stopping take turns; a stop that comes during an adoption waits for it. */
  #oneAtATime<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#busy.then(work)
    this.#busy = turn.catch(() => undefined)
    return turn
  }

  async #release(workspace: Workspace): Promise<void> {
    this.#owner = undefined
    await workspace[Symbol.asyncDispose]()
  }

  #requireOwner(): { workspace: Workspace } {
    if (this.#owner !== undefined) return this.#owner
    throw new SidecarError('conflict', 'This sandbox belongs to no repl yet.', { advice: 'Adopt it first.' })
  }
}
