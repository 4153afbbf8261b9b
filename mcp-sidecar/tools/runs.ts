import { newId } from '#protocol/ids.ts'
import type { AgentClaims } from '#protocol/claims.ts'
import { MAX_RUNS, RUN_PAUSE_MS } from './limits.ts'
import type { ReplControl } from './repl-control.ts'

interface Run {
  id: string
  lastAt: number
  checkpoint: Promise<string | undefined> | undefined
}

/** Calls of one connection without a long pause belong together: they can be undone together. */
export class Runs {
  readonly #control: ReplControl
  readonly #onFailure: (message: string, error: unknown) => void
  readonly #now: () => number
  readonly #runs = new Map<string, Run>()

  constructor(
    control: ReplControl,
    onFailure: (message: string, error: unknown) => void,
    now: () => number = () => Date.now(),
  ) {
    this.#control = control
    this.#onFailure = onFailure
    this.#now = now
  }

  /** The run that a call belongs to. */
  enter({ connection }: AgentClaims): Run {
    const now = this.#now()
    const current = this.#runs.get(connection)
    this.#runs.delete(connection)
    const run =
      current !== undefined && now - current.lastAt <= RUN_PAUSE_MS
        ? current
        : { id: newId(), lastAt: now, checkpoint: undefined }
    run.lastAt = now
    this.#runs.set(connection, run)
    const [oldest] = this.#runs.keys()
    if (this.#runs.size > MAX_RUNS && oldest !== undefined) this.#runs.delete(oldest)
    return run
  }

  /** Before a run's first change all is saved. Without the control plane the work goes on, and cannot be undone. */
  async beforeChange(run: Run, caller: AgentClaims): Promise<string | undefined> {
    run.checkpoint ??= this.#control
      .checkpoint({ reason: 'before-agent', actor: `${caller.client} for ${caller.actor}`.slice(0, 200) })
      .then(({ id }) => id)
      .catch((error: unknown) => {
        run.checkpoint = undefined
        this.#onFailure('No checkpoint could be made before an agent’s change.', error)
        return undefined
      })
    return run.checkpoint
  }

  /** A call has ended: the pause begins. */
  leave(run: Run): void {
    run.lastAt = this.#now()
  }
}
