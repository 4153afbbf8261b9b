import { newId } from '#protocol/ids.ts'
import type { AgentClaims } from '#protocol/claims.ts'
import { untilAborted } from './cancelled.ts'
import { BEFORE_CHANGE_LIMIT_MS, MAX_RUNS, RUN_PAUSE_MS } from './limits.ts'
import type { ReplControl } from './repl-control.ts'

interface Run {
  id: string
  lastAt: number
  checkpoint: Promise<string | undefined> | undefined
}

/** Calls of one connection without a long pause belong together: they can be undone together. */
export class Runs {
  readonly #control: Pick<ReplControl, 'checkpoint'>
  readonly #onFailure: (message: string, error: unknown) => void
  readonly #now: () => number
  readonly #limitMs: number
  readonly #runs = new Map<string, Run>()

  constructor(
    control: Pick<ReplControl, 'checkpoint'>,
    onFailure: (message: string, error: unknown) => void,
    { now = () => Date.now(), limitMs = BEFORE_CHANGE_LIMIT_MS }: { now?: () => number; limitMs?: number } = {},
  ) {
    this.#control = control
    this.#onFailure = onFailure
    this.#now = now
    this.#limitMs = limitMs
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

  /**
   * Before a run's first change all is saved, and the checkpoint's id given. Without the control plane the work goes on, and
   * cannot be undone. So it does where the save takes too long: what comes of that is no state before the change any more.
   */
  async beforeChange(run: Run, caller: AgentClaims): Promise<string | undefined> {
    run.checkpoint ??= this.#checkpoint(run, `${caller.client} for ${caller.actor}`.slice(0, 200))
    return run.checkpoint
  }

  async #checkpoint(run: Run, actor: string): Promise<string | undefined> {
    const late = AbortSignal.timeout(this.#limitMs)
    const made = this.#control.checkpoint({ reason: 'before-agent', actor }).then(
      ({ id }) => id,
      (error: unknown) => {
        // One that failed soon is asked for again before the next change; the others need not wait as long once more.
        if (!late.aborted) run.checkpoint = undefined
        this.#onFailure('No checkpoint could be made before an agent’s change.', error)
        return undefined
      },
    )
    return untilAborted(made, late)
  }

  /** A call has ended: the pause begins. */
  leave(run: Run): void {
    run.lastAt = this.#now()
  }
}
