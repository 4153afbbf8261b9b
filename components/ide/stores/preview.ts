import type { WireError } from '#protocol/errors.ts'
import { RequestError, describeError } from './request-error.ts'
import type { Run } from './run.ts'
import { Store } from './store.ts'

export type PreviewState =
  | { kind: 'none' }
  | { kind: 'opening'; port: number }
  /** `src` is what the frame loads: the first time with a one-time ticket in it. `visit` counts loads. */
  | { kind: 'shown'; port: number; origin: string; path: string; src: string; visit: number }
  | { kind: 'failed'; port: number; error: WireError }

export type TicketUrl = (port: number) => Promise<string>

/** The page of a program that runs in the REPL, in an origin of its own. */
export class Preview {
  readonly state = new Store<PreviewState>({ kind: 'none' })
  /** Asks for a fresh address that lets this browser in once: for the frame, or for a tab of its own. */
  readonly ticketUrl: TicketUrl
  #visits = 0
  /** Counts what was asked for: only the last of it is shown, in whatever order answers come. */
  #wishes = 0
  /** The person closed it while this port ran: it does not come back by itself. */
  #dismissed: number | undefined

  constructor(run: Pick<Run, 'state'>, ticketUrl: TicketUrl) {
    this.ticketUrl = ticketUrl
    let before = run.state.getSnapshot()?.state
    run.state.subscribe(() => {
      const now = run.state.getSnapshot()
      const isNew = now?.state === 'ready' && before !== undefined && before !== 'ready'
      before = now?.state
      if (now?.state !== 'ready') this.#dismissed = undefined
      if (isNew && now?.port !== undefined && now.port !== this.#dismissed) void this.open(now.port)
    })
  }

  /** Shows what listens on `port`. */
  async open(port: number, path = '/'): Promise<void> {
    this.#wishes += 1
    const wish = this.#wishes
    this.state.set({ kind: 'opening', port })
    try {
      const src = new URL(await this.ticketUrl(port))
      if (wish !== this.#wishes) return
      this.#visits += 1
      const { origin } = src
      this.state.set({ kind: 'shown', port, origin, path, src: leadingTo(src, path).href, visit: this.#visits })
    } catch (error) {
      if (wish === this.#wishes) this.state.set({ kind: 'failed', port, error: errorOf(error) })
    }
  }

  /** Goes to a path of the same program. */
  navigate(path: string): void {
    const state = this.state.getSnapshot()
    if (state.kind !== 'shown') return
    const target = new URL(path, state.origin)
    if (target.origin !== state.origin) return
    this.#visits += 1
    this.state.set({
      ...state,
      path: target.pathname + target.search + target.hash,
      src: target.href,
      visit: this.#visits,
    })
  }

  reload(): void {
    const state = this.state.getSnapshot()
    if (state.kind === 'shown') this.navigate(state.path)
    if (state.kind === 'failed') void this.open(state.port)
  }

  close(): void {
    const state = this.state.getSnapshot()
    if (state.kind !== 'none') this.#dismissed = state.port
    this.#wishes += 1
    this.state.set({ kind: 'none' })
  }
}

/** A ticket's address that goes on to a path of the program. */
export function leadingTo(ticket: URL, path: string): URL {
  const url = new URL(ticket)
  if (path !== '/') url.searchParams.set('to', path)
  return url
}

function errorOf(error: unknown): WireError {
  if (error instanceof RequestError) return describeError(error)
  return { code: 'unavailable', message: 'The preview could not be opened.', advice: 'Try again in a moment.' }
}
