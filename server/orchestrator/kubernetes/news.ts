import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '#server/log.ts'
import { Observers } from '../observers.ts'
import type { Observation, Sandbox } from '../orchestrator.ts'
import { WATCH_RETRY_MAX_MS } from './limits.ts'
import type { Roster } from './roster.ts'
import { isLost } from './view.ts'
import type { Seen } from './view.ts'

interface NewsDeps {
  roster: Roster
  view: (seen: Seen) => Sandbox | undefined
  onUp: (sandboxId: string) => void
  /** `left`: what the cluster still has of it. */
  onGone: (sandboxId: string, left: Seen | undefined) => void
  log: Log
}

/** What observers are told: each change once, and nobody's end before the cluster has confirmed it. */
export class News implements AsyncDisposable {
  readonly #deps: NewsDeps
  readonly #observers = new Observers()
  readonly #told = new Map<string, string>()
  /** Those that seem to be gone, until the cluster has answered. */
  readonly #doubts = new Map<string, { isRenewed: boolean; settled: Promise<void> }>()
  readonly #closed = new AbortController()
  readonly #listening: Disposable

  constructor(deps: NewsDeps) {
    this.#deps = deps
    this.#listening = deps.roster.onChange((sandboxId) => this.#onChange(sandboxId))
  }

  async *observe(signal: AbortSignal): AsyncGenerator<Observation> {
    const { roster, view } = this.#deps
    const all = () => roster.ids().flatMap((id) => observationOf(roster.get(id), view) ?? [])
    yield* this.#observers.observe(all, signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort()
    this.#listening[Symbol.dispose]()
    await Promise.all([...this.#doubts.values()].map(({ settled }) => settled))
  }

  #onChange(sandboxId: string): void {
    const seen = this.#deps.roster.get(sandboxId)
    if (seen !== undefined && isLost(seen)) this.#doubt(sandboxId)
    else this.#tell(sandboxId, seen)
  }

  /** Records and pods are heard of apart: before a sandbox is given up, the cluster is asked for both. */
  #doubt(sandboxId: string): void {
    const known = this.#doubts.get(sandboxId)
    if (known !== undefined) {
      known.isRenewed = true
      return
    }
    const settled = this.#settle(sandboxId).then(() => {
      const isRenewed = this.#doubts.get(sandboxId)?.isRenewed === true
      this.#doubts.delete(sandboxId)
      if (isRenewed && !this.#closed.signal.aborted) this.#onChange(sandboxId)
    })
    this.#doubts.set(sandboxId, { isRenewed: false, settled })
  }

  async #settle(sandboxId: string): Promise<void> {
    const { signal } = this.#closed
    while (!signal.aborted) {
      try {
        this.#tell(sandboxId, await this.#deps.roster.ask(sandboxId, signal))
        return
      } catch (error) {
        this.#deps.log.debug('a sandbox could not be asked for', { sandbox: sandboxId, error: String(error) })
      }
      await delay(WATCH_RETRY_MAX_MS, undefined, { signal }).catch(() => undefined)
    }
  }

  #tell(sandboxId: string, seen: Seen | undefined): void {
    if (this.#closed.signal.aborted) return
    const observation = observationOf(seen, this.#deps.view)
    if (observation === undefined) {
      if (this.#told.delete(sandboxId)) this.#observers.publish({ kind: 'removed', sandboxId })
      this.#deps.onGone(sandboxId, seen)
      return
    }
    const text = JSON.stringify(observation)
    if (text === this.#told.get(sandboxId)) return
    this.#told.set(sandboxId, text)
    if (observation.kind === 'sandbox' && observation.sandbox.state === 'up') this.#deps.onUp(sandboxId)
    this.#observers.publish(observation)
  }
}

function observationOf(seen: Seen | undefined, view: NewsDeps['view']): Observation | undefined {
  const sandbox = seen === undefined ? undefined : view(seen)
  return sandbox === undefined ? undefined : { kind: 'sandbox', sandbox }
}
