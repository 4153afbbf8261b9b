import { MAX_PLACE_CHARS } from '#protocol/limits.ts'
import type { Place } from '#protocol/people.ts'
import type { Connection } from './connection.ts'
import { PLACE_AFTER_MS } from './limits.ts'
import type { Tabs } from './tabs.ts'
import type { Terminals } from './terminals.ts'

interface MyPlaceOptions {
  connection: Connection
  tabs: Tabs
  terminals: Terminals
}

/** Where this page is: told to the runner, for the others to see. */
export class MyPlace implements Disposable {
  readonly #options: MyPlaceOptions
  #area: 'file' | 'terminal' = 'file'
  /** As told on this line; `undefined`: nothing yet. */
  #told: string | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(options: MyPlaceOptions) {
    this.#options = options
    const { connection, tabs, terminals } = options
    let { active } = tabs.state.getSnapshot()
    tabs.state.subscribe(() => {
      const next = tabs.state.getSnapshot().active
      if (next !== active) this.lookAt('file')
      active = next
    })
    let { activeId } = terminals.state.getSnapshot()
    terminals.state.subscribe(() => {
      const next = terminals.state.getSnapshot().activeId
      if (next === activeId) return
      // The first one comes up by itself.
      if (activeId !== undefined) this.#area = 'terminal'
      activeId = next
      this.#schedule()
    })
    connection.on('hello', () => {
      this.#told = undefined
      this.#schedule()
    })
  }

  /** Somebody has turned to the editor or to the terminals. */
  lookAt(area: 'file' | 'terminal'): void {
    this.#area = area
    this.#schedule()
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #schedule(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#tell(), PLACE_AFTER_MS)
  }

  async #tell(): Promise<void> {
    const { connection } = this.#options
    const place = this.#place()
    const key = JSON.stringify(place)
    if (connection.state.getSnapshot().kind !== 'open' || key === (this.#told ?? 'null')) return
    this.#told = key
    // Lost on the way: told again with `hello`. A runner of before that knew it keeps no list of people.
    await connection.request('people.at', { place }).catch(() => undefined)
  }

  #place(): Place | null {
    const { active } = this.#options.tabs.state.getSnapshot()
    const { activeId } = this.#options.terminals.state.getSnapshot()
    const isInTerminal = activeId !== undefined && (this.#area === 'terminal' || active === undefined)
    if (isInTerminal) return { terminal: activeId }
    return active === undefined || active.length > MAX_PLACE_CHARS ? null : { file: active }
  }
}
