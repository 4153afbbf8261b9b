import { isAtLeast } from '#protocol/roles.ts'
import type { WireError } from '#protocol/errors.ts'
import type { ReplView } from '#server/repls/views.ts'
import { SteadyWatch } from './steady-watch.ts'
import { Store } from './store.ts'

/** What this page asks of the application's API. */
export interface ReplApi {
  /** `ended` is told of whatever ends it; it does not begin again by itself then. */
  watch(listeners: { changed: (view: ReplView) => void; ended: (error: WireError) => void }): () => void
  get(): Promise<ReplView>
  start(): Promise<ReplView>
  stop(): Promise<ReplView>
  /** Answers it as it is then: deleted, and to be restored for a while. */
  delete(): Promise<ReplView>
  restore(): Promise<ReplView>
  rename(name: string): Promise<ReplView>
  keep(): Promise<ReplView>
  keepAwake(minutes: number): Promise<ReplView>
  setPortPublic(port: number, isPublic: boolean): Promise<ReplView>
  errorOf(error: unknown): WireError
}

export interface ReplState {
  view: ReplView
  /** What the last thing asked of it failed with. */
  error?: WireError
  access: 'granted' | 'removed' | 'signed-out'
}

/** The REPL as the control plane sees it: its state, and the ways to change that. */
export class Repl {
  readonly state: Store<ReplState>
  readonly #api: ReplApi
  readonly #refused: (error: WireError) => void
  readonly #watch: SteadyWatch
  /** How often the watch has told of it. */
  #timesTold = 0

  /** `refused` is told what somebody asked for and did not get, where the page does not show it in place of the workbench. */
  constructor(view: ReplView, api: ReplApi, refused: (error: WireError) => void) {
    this.state = new Store<ReplState>({ view, access: 'granted' })
    this.#api = api
    this.#refused = refused
    this.#watch = new SteadyWatch({
      begin: (ended) => api.watch({ changed: (changed) => this.#changed(changed), ended }),
      ended: (error, isRefused) => isRefused && this.#shutOut(error),
    })
  }

  get canEdit(): boolean {
    return isAtLeast(this.state.getSnapshot().view.role, 'editor')
  }

  /** Watches from now on, and wakes the REPL if it sleeps, or is about to, and this person may. */
  open(): void {
    this.#watch.start()
    const { state, isEphemeral } = this.state.getSnapshot().view
    // What a stop deletes is not kept from it by a look.
    const isAboutToSleep = state.kind === 'stopping' && state.next === undefined && isEphemeral !== true
    if (this.canEdit && (state.kind === 'stopped' || isAboutToSleep)) void this.start()
  }

  close(): void {
    this.#watch.stop()
  }

  start(): Promise<void> {
    return this.#tell(() => this.#api.start())
  }

  stop(): Promise<void> {
    return this.#tell(() => this.#api.stop())
  }

  delete(): Promise<void> {
    return this.#tell(() => this.#api.delete())
  }

  restore(): Promise<void> {
    return this.#tell(() => this.#api.restore())
  }

  rename(name: string): Promise<void> {
    return this.#tell(() => this.#api.rename(name))
  }

  /** A temporary one is one no more. */
  keep(): Promise<void> {
    return this.#tell(() => this.#api.keep())
  }

  /** It is not stopped for want of use for so long; 0: as ever. */
  keepAwake(minutes: number): Promise<void> {
    return this.#tell(() => this.#api.keepAwake(minutes))
  }

  setPortPublic(port: number, isPublic: boolean): Promise<void> {
    return this.#tell(() => this.#api.setPortPublic(port, isPublic))
  }

  /** Asks who one is: a socket that is refused before it opens does not say why. */
  refresh(): Promise<void> {
    return this.#ask(() => this.#api.get())
  }

  #changed(view: ReplView): void {
    this.#watch.told()
    this.#timesTold += 1
    this.#put(view)
  }

  async #tell(call: () => Promise<ReplView>): Promise<void> {
    await this.#ask(call)
    const { view, access, error } = this.state.getSnapshot()
    if (error !== undefined && access === 'granted' && view.state.kind !== 'stopped') this.#refused(error)
  }

  async #ask(call: () => Promise<ReplView>): Promise<void> {
    const before = this.#timesTold
    try {
      const view = await call()
      // An answer may be older than what was told while it was on its way; what is newer will be told too.
      this.#put(this.#timesTold === before ? view : this.state.getSnapshot().view)
    } catch (error) {
      this.#ended(this.#api.errorOf(error))
    }
  }

  #put(view: ReplView): void {
    this.state.set({ view, access: 'granted' })
  }

  /** Somebody may not look any more. */
  #shutOut(error: WireError): void {
    const access = error.code === 'unauthenticated' ? 'signed-out' : 'removed'
    this.state.update((state) => ({ ...state, access, error }))
  }

  #ended(error: WireError): void {
    this.state.update((state) => ({ ...state, access: accessAfter(error), error }))
  }
}

function accessAfter({ code }: WireError): ReplState['access'] {
  if (code === 'unauthenticated') return 'signed-out'
  return code === 'not_found' || code === 'gone' ? 'removed' : 'granted'
}
