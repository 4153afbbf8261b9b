import { isAtLeast } from '#protocol/roles.ts'
import type { EventData, TerminalInfo } from '#protocol/messages.ts'
import type { Connection } from './connection.ts'
import { Store } from './store.ts'
import type { Readable } from './store.ts'
import { TerminalFeed } from './terminal-feed.ts'
import { arrange, nextAfter, putBeside, recall, splitsOf } from './terminal-groups.ts'
import type { RememberedTerminals, TerminalGroup } from './terminal-groups.ts'
import { TerminalSize } from './terminal-size.ts'

export interface TerminalsState {
  list: TerminalInfo[]
  activeId: string | undefined
  /** All of them, by which stand side by side. */
  groups: readonly TerminalGroup[]
  /** Whether the runner has told what there is. */
  isKnown: boolean
}

/** One terminal as the page holds it: its bytes and its size. */
export interface OpenTerminal {
  feed: TerminalFeed
  size: TerminalSize
}

interface NewTerminalOptions {
  cwd?: string
  name?: string
  ifNone?: boolean
  /** At the right of this one. */
  beside?: string
}

const DEFAULT_SIZE = { cols: 100, rows: 24 }

/** All terminals of the REPL, and which one is looked at. */
export class Terminals {
  readonly state = new Store<TerminalsState>({ list: [], activeId: undefined, groups: [], isKnown: false })
  /** Whether any of them has drawn anything. */
  readonly isDrawn = new Store(false)
  readonly #connection: Connection
  readonly #mayType: Readable<boolean>
  readonly #open = new Map<string, OpenTerminal>()
  /** Until the runner has told what there is. */
  #remembered: RememberedTerminals | undefined
  #isLookedAt = true

  constructor(connection: Connection, mayType: Readable<boolean>, remembered?: RememberedTerminals) {
    this.#remembered = remembered
    this.#connection = connection
    this.#mayType = mayType
    mayType.subscribe(() => {
      if (!mayType.getSnapshot()) for (const open of this.#open.values()) letGo(open)
    })
    connection.on('hello', (hello) => void this.#welcome(hello))
    connection.on('terminal.opened', ({ terminal }) => this.#put(terminal))
    connection.on('terminal.changed', ({ terminal }) => this.#put(terminal))
    connection.on('terminal.closed', ({ terminal }) => this.#remove(terminal))
    connection.onFrame((frame) => this.#byChannel(frame.channel)?.feed.receive(frame))
    connection.state.subscribe(() => {
      if (connection.state.getSnapshot().kind !== 'open') for (const { feed } of this.#open.values()) feed.detached()
    })
  }

  /** The page's side of a terminal; made when first asked for, and attached then. */
  open(id: string): OpenTerminal {
    const known = this.#open.get(id)
    if (known !== undefined) return known
    const made = {
      feed: new TerminalFeed(id, this.#connection, this.#mayType),
      size: new TerminalSize(id, this.#connection),
    }
    this.#open.set(id, made)
    made.feed.isDrawn.subscribe(() => this.isDrawn.set(true))
    const info = this.#info(id)
    if (info !== undefined) made.size.told(info)
    return made
  }

  /** Attaches a terminal that is on the screen and has no line yet. */
  attach(id: string): void {
    const info = this.#info(id)
    const { feed } = this.open(id)
    const isOpen = this.#connection.state.getSnapshot().kind === 'open'
    if (info !== undefined && isOpen && feed.channel === undefined) void feed.attach(info)
  }

  activate(id: string): void {
    this.state.update((state) => ({ ...state, activeId: id }))
    this.attach(id)
  }

  /** Whether the page is on a screen. Off it, browsers all but stop its drawing, and no program is to wait for that. */
  lookedAt(isLookedAt: boolean): void {
    this.#isLookedAt = isLookedAt
    if (this.#connection.state.getSnapshot().kind === 'open') this.#tellDrawing()
  }

  /** Opens a shell and shows it. */
  async create({ beside, ...options }: NewTerminalOptions = {}): Promise<TerminalInfo> {
    const { terminal } = await this.#connection.request('terminal.create', { ...this.likelySize(), ...options })
    this.#put(terminal)
    if (beside !== undefined) {
      this.state.update((state) => ({ ...state, groups: putBeside(state.groups, terminal.id, beside) }))
    }
    this.activate(terminal.id)
    return terminal
  }

  /** Opens a shell at the right of another terminal, in the folder where that one is. */
  async split(beside: string): Promise<TerminalInfo> {
    const cwd = await this.folder(beside)
    return this.create({ beside, ...(cwd !== null && { cwd }) })
  }

  /** The folder that a terminal's shell is in, relative to the workspace; `null` where that is not known, or not inside. */
  async folder(id: string): Promise<string | null> {
    try {
      return (await this.#connection.request('terminal.where', { terminal: id })).cwd
    } catch {
      // A runner of before that was asked, or the line is lost.
      return null
    }
  }

  /** The files that paths in a terminal's output mean; none where that cannot be asked. */
  async files(id: string, written: readonly string[]): Promise<readonly (string | null)[]> {
    try {
      return (await this.#connection.request('terminal.files', { terminal: id, written: [...written] })).files
    } catch {
      return []
    }
  }

  /** What is to be remembered of them; `undefined` while they are not known. */
  arrangement(): RememberedTerminals | undefined {
    const { activeId, groups, isKnown } = this.state.getSnapshot()
    if (!isKnown) return undefined
    return { active: activeId ?? null, splits: splitsOf(groups) }
  }

  /** Ends all that runs in it. */
  async close(id: string): Promise<void> {
    await this.#connection.request('terminal.close', { terminal: id })
    this.#remove(id)
  }

  /** Closes it unless a program runs in it: resolves to the commands for which it stays. */
  async closeIfIdle(id: string): Promise<readonly string[]> {
    const { busyWith = [] } = await this.#connection.request('terminal.close', { terminal: id, ifIdle: true })
    if (busyWith.length === 0) this.#remove(id)
    return busyWith
  }

  async rename(id: string, name: string): Promise<void> {
    await this.#connection.request('terminal.rename', { terminal: id, name })
  }

  /** Ends what runs in a shell and begins a fresh one in its place. */
  async restart(id: string): Promise<void> {
    await this.#connection.request('terminal.restart', { terminal: id })
  }

  /** The same unless a program runs in it: resolves to the commands for which it stays. */
  async restartIfIdle(id: string): Promise<readonly string[]> {
    const { busyWith = [] } = await this.#connection.request('terminal.restart', { terminal: id, ifIdle: true })
    return busyWith
  }

  /** Resolves to the exit code once its process has ended; `undefined` where that is not known, or it was closed. */
  async ended(id: string): Promise<number | undefined> {
    const { promise, resolve } = Promise.withResolvers<number | undefined>()
    const look = (): void => {
      const info = this.#info(id)
      if (info?.exit !== undefined) resolve(info.exit.code ?? undefined)
      else if (info === undefined) resolve(undefined)
    }
    const stop = this.state.subscribe(look)
    look()
    return promise.finally(stop)
  }

  /** The size a new terminal will most likely have: that of the one on the screen. */
  likelySize(): { cols: number; rows: number } {
    const { activeId } = this.state.getSnapshot()
    return (activeId === undefined ? undefined : this.#open.get(activeId)?.size.fitted) ?? DEFAULT_SIZE
  }

  async #welcome(hello: EventData<'hello'>): Promise<void> {
    const ids = new Set(hello.terminals.map((terminal) => terminal.id))
    for (const id of this.#open.keys()) if (!ids.has(id)) this.#open.delete(id)
    const remembered = this.#remembered
    this.#remembered = undefined
    this.state.update((state) => {
      const wanted = [state.activeId, remembered?.active ?? undefined]
      return {
        list: hello.terminals,
        activeId: wanted.find((id) => id !== undefined && ids.has(id)) ?? firstOf(hello.terminals),
        groups: remembered === undefined ? arrange(state.groups, [...ids]) : recall(remembered.splits, [...ids]),
        isKnown: true,
      }
    })
    if (!this.#isLookedAt) this.#tellDrawing()
    for (const terminal of hello.terminals) {
      const open = this.#open.get(terminal.id)
      open?.size.told(terminal)
      void open?.feed.attach(terminal)
    }
    const { activeId } = this.state.getSnapshot()
    if (activeId !== undefined) this.attach(activeId)
    // Agents' commands are theirs: a person has a shell.
    const hasOwn = hello.terminals.some(({ kind }) => kind !== 'agent')
    if (!hasOwn && isAtLeast(hello.role, 'editor')) await this.create({ ifNone: true }).catch(() => undefined)
  }

  #tellDrawing(): void {
    // Lost on the way: told again with `hello`. A runner of before that knew it takes us for somebody who looks.
    void this.#connection.request('terminal.draw', { isDrawing: this.#isLookedAt }).catch(() => undefined)
  }

  #put(terminal: TerminalInfo): void {
    this.#open.get(terminal.id)?.size.told(terminal)
    this.state.update((state) => {
      const isKnown = state.list.some(({ id }) => id === terminal.id)
      const list = isKnown
        ? state.list.map((other) => (other.id === terminal.id ? terminal : other))
        : [...state.list, terminal]
      const groups = arrange(state.groups, idsOf(list))
      return { ...state, list, groups, activeId: state.activeId ?? terminal.id }
    })
  }

  #remove(id: string): void {
    this.#open.delete(id)
    this.state.update((state) => {
      const list = state.list.filter((terminal) => terminal.id !== id)
      const activeId = state.activeId === id ? nextAfter(state.groups, id) : state.activeId
      return { ...state, list, groups: arrange(state.groups, idsOf(list)), activeId }
    })
  }

  #info(id: string): TerminalInfo | undefined {
    return this.state.getSnapshot().list.find((terminal) => terminal.id === id)
  }

  #byChannel(channel: number): OpenTerminal | undefined {
    for (const open of this.#open.values()) if (open.feed.channel === channel) return open
    return undefined
  }
}

/** Somebody may only look from now on: what they typed and was not taken is theirs no more, nor is the size. */
function letGo({ feed, size }: OpenTerminal): void {
  feed.forgetInput()
  size.letGo()
}

function idsOf(terminals: readonly TerminalInfo[]): string[] {
  return terminals.map(({ id }) => id)
}

/** One that a person would want to see first: what still runs before what has ended, people's before agents'. */
function firstOf(terminals: TerminalInfo[]): string | undefined {
  const running = terminals.filter(({ exit }) => exit === undefined)
  const best = [running.find(({ kind }) => kind !== 'agent'), running[0], terminals[0]]
  return best.find((terminal) => terminal !== undefined)?.id
}
