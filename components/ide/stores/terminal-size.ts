import type { Connection } from './connection.ts'
import { Store } from './store.ts'

export interface Size {
  cols: number
  rows: number
}

/**
 * Whose size a terminal has. The active typist's wins: this page's own fit applies from the moment its person uses the
 * terminal until somebody else's does; meanwhile it draws at the size that the terminal really has.
 */
export class TerminalSize {
  /** What the screen is to be drawn at; absent until known. */
  readonly shown = new Store<Size | undefined>(undefined)
  /** What would fill the pane. */
  fitted: Size | undefined
  readonly #id: string
  readonly #line: Pick<Connection, 'request'>
  #real: Size | undefined
  #asked: Size | undefined
  #isOurs = false
  #unanswered = 0

  constructor(id: string, line: Pick<Connection, 'request'>) {
    this.#id = id
    this.#line = line
  }

  /** The pane has room for `size`. */
  fit(size: Size): void {
    this.fitted = size
    this.#settle()
  }

  /** The person here uses the terminal. */
  claim(): void {
    if (this.#isOurs) return
    this.#isOurs = true
    this.#settle()
  }

  /** The person here may use it no more: it has the size that others give it. */
  letGo(): void {
    this.#isOurs = false
    this.#settle()
  }

  /** The runner says what size it has. A size we did not ask for is somebody else's. */
  told(size: Size): void {
    const { cols, rows } = size
    const isChange = !same(this.#real, size)
    this.#real = { cols, rows }
    if (isChange && this.#isOurs && this.#unanswered === 0 && !same(this.#asked, size)) this.#isOurs = false
    this.#settle()
  }

  #settle(): void {
    if (!this.#isOurs || this.fitted === undefined) return this.#show(this.#real)
    this.#show(this.fitted)
    if (this.#unanswered === 0 && !same(this.fitted, this.#real)) void this.#ask(this.fitted)
  }

  /** One request at a time: while the pane is dragged, the next one carries the newest size. */
  async #ask(size: Size): Promise<void> {
    this.#asked = size
    this.#unanswered += 1
    try {
      await this.#line.request('terminal.resize', { terminal: this.#id, ...size })
      this.#real = size
    } catch {
      // The line is lost or the terminal is gone: the real size is told again with `hello`.
      return
    } finally {
      this.#unanswered -= 1
    }
    this.#settle()
  }

  #show(size: Size | undefined): void {
    if (!same(size, this.shown.getSnapshot())) this.shown.set(size)
  }
}

function same(one: Size | undefined, other: Size | undefined): boolean {
  return one?.cols === other?.cols && one?.rows === other?.rows
}
