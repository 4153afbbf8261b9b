import { TERMINAL_RING_BYTES } from '#protocol/limits.ts'
import type { TerminalInfo } from '#protocol/messages.ts'
import { MAX_RESIZES_KEPT, REDRAW_MS, SCREEN_FROM_HISTORY_BYTES, STUCK_CHECK_MS } from '../limits.ts'
import { Feed } from './feed.ts'
import type { FeedSource, FeedTarget } from './feed.ts'
import { InputStreams } from './input-streams.ts'
import { ForgottenModes } from './modes.ts'
import type { Exit, Program, ProgramEvents, Size } from './pty.ts'
import { Ring } from './ring.ts'
import type { Screens } from './screens.ts'
import { Typists } from './typists.ts'

/** How a drawn screen begins that a full-screen program has (xterm's DECSET 1049). */
const ALTERNATE_SCREEN = '\u001b[?1049h'

/**
 * Brings a screen to where a shell may begin, whatever the program before left it in, and keeps what is printed: the main
 * screen, a soft reset, ordinary cursor keys, no mouse, no reports of the focus, no bracketed paste.
 */
const FRESH_START = Buffer.from(
  ['?47l', '!p', '?1l', '?1000l', '?1002l', '?1003l', '?1004l', '?1006l', '?2004l', '?25h']
    .map((sequence) => `\u001b[${sequence}`)
    .join('')
    .concat('\u001b>\r\n'),
)

export interface TerminalOptions {
  id: string
  kind: TerminalInfo['kind']
  name: string
  /** Relative to the workspace. */
  cwd: string
  createdBy: string
  size: Size
  /** Of an agent's command: who runs it, and what. */
  agent?: { actor: string; command: string } | undefined
  /** Starts what runs in it. */
  launch: (events: ProgramEvents) => Program
  screens: Pick<Screens, 'draw'>
  onActivity: () => void
  /** Its process ended and all its output is in the history. */
  onEnd: (terminal: Terminal) => void
}

/** A program (on a PTY, or an agent's on pipes), its history, and the clients that watch it. */
export class Terminal implements FeedSource {
  readonly id: string
  readonly ring: Ring
  readonly inputs = new InputStreams(this)
  readonly typists = new Typists()
  /** Milliseconds since the epoch. */
  readonly startedAt = Date.now()
  name: string
  readonly #options: TerminalOptions
  #program: Program
  #cwd: string
  readonly #feeds = new Set<Feed>()
  readonly #listeners = new Set<() => void>()
  readonly #modes = new ForgottenModes()
  #sizes: { at: number; cols: number; rows: number }[]
  #exit: Exit | undefined
  /** While the program waits: whether those that it waits for still draw. */
  #stuckCheck: NodeJS.Timeout | undefined
  /** While the program has a size that is not its own. */
  #redrawing: NodeJS.Timeout | undefined

  constructor(options: TerminalOptions) {
    this.#options = options
    this.id = options.id
    this.name = options.name
    this.#cwd = options.cwd
    this.ring = new Ring(TERMINAL_RING_BYTES, (bytes) => this.#modes.forget(bytes))
    this.#sizes = [{ at: 0, ...options.size }]
    this.#program = this.#launch(options.launch)
  }

  get kind(): TerminalInfo['kind'] {
    return this.#options.kind
  }

  /** Process id of the session's leader. */
  get pid(): number {
    return this.#program.pid
  }

  get exit(): Exit | undefined {
    return this.#exit
  }

  get hasEnded(): boolean {
    return this.#exit !== undefined
  }

  get size(): Size {
    const { cols, rows } = this.#sizes.at(-1) ?? this.#options.size
    return { cols, rows }
  }

  info(): TerminalInfo {
    const { id, kind, createdBy, agent } = this.#options
    return {
      id,
      kind,
      name: this.name,
      cwd: this.#cwd,
      pid: this.pid,
      ...this.size,
      end: this.ring.end,
      createdBy,
      ...agent,
      ...(this.#exit !== undefined && { exit: this.#exit }),
    }
  }

  /** Starts another program in place of the one that has ended. The history, the name and who watches stay. */
  restart({ cwd, launch }: Pick<TerminalOptions, 'cwd' | 'launch'>): void {
    if (this.#exit === undefined) throw new Error(`The program in terminal ${this.id} has not ended.`)
    this.#output(FRESH_START)
    this.#program = this.#launch(launch)
    this.#cwd = cwd
    this.#exit = undefined
    this.updatePause()
  }

  /** Resolves once its program has ended and all its output is in the history. */
  async ended(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const check = (): void => {
      if (this.hasEnded) resolve()
    }
    const stop = this.onMore(check)
    check()
    await promise
    stop()
  }

  /** Types `bytes`; `onApplied` runs when the program's side has taken them. */
  write(bytes: Uint8Array, onApplied: () => void): void {
    this.#options.onActivity()
    this.#program.write(bytes, onApplied)
  }

  resize(size: Size): void {
    this.#program.resize(size)
    this.#sizes.push({ at: this.ring.end, ...size })
    const firstNeeded = this.#sizes.findLastIndex(({ at }) => at <= this.ring.start)
    this.#sizes = this.#sizes.slice(Math.max(firstNeeded, this.#sizes.length - MAX_RESIZES_KEPT, 0))
  }

  /** Feeds its output to `target`, from byte `since` if that is still known, else from a screen. */
  attach(target: FeedTarget, since: number | undefined): { feed: Feed; from: number } {
    const isKnown = since !== undefined && since >= this.ring.start && since <= this.ring.end
    const feed = new Feed(this, target, isKnown ? since : undefined)
    this.#feeds.add(feed)
    return { feed, from: isKnown ? since : this.ring.end }
  }

  detach(feed: Feed): void {
    feed.close()
    this.#feeds.delete(feed)
    this.typists.left(feed)
    this.updatePause()
  }

  /** Calls back whenever it has printed more, or has ended; the function ends that. */
  onMore(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** The PTY is read as long as one client that draws has room, or none draws (then the ring keeps the tail). */
  updatePause(): void {
    clearTimeout(this.#stuckCheck)
    const pacing = [...this.#feeds].filter((feed) => feed.isPacing)
    if (pacing.length === 0 || pacing.some((feed) => !feed.isBlocked)) return this.#program.resume()
    this.#program.pause()
    this.#stuckCheck = setTimeout(() => this.updatePause(), STUCK_CHECK_MS).unref()
  }

  async screen(): Promise<{ offset: number; payload: Uint8Array }> {
    const offset = this.ring.end
    const bytes = this.ring.slice(this.ring.start, offset)
    // Everything that was ever printed is an exact screen too.
    if (this.ring.start === 0 && bytes.length <= SCREEN_FROM_HISTORY_BYTES) return { offset, payload: bytes }
    const prefix = this.#modes.prefix()
    const sizes = this.#sizes.map(({ at, ...size }, index) => ({
      at: index === 0 ? 0 : Math.max(0, at - this.ring.start) + prefix.length,
      ...size,
    }))
    const payload = await this.#options.screens.draw({ bytes: Buffer.concat([prefix, bytes]), sizes })
    // What a full-screen program drew before the ring began and has not touched since is lost.
    if (this.ring.start > 0 && Buffer.from(payload).includes(ALTERNATE_SCREEN)) this.#redraw()
    return { offset, payload }
  }

  /** Has a full-screen program draw all of its screen anew, as it does when the size changes. */
  #redraw(): void {
    if (this.#redrawing !== undefined || this.hasEnded) return
    const { cols, rows } = this.size
    this.#program.resize({ cols, rows: Math.max(1, rows - 1) })
    this.#redrawing = setTimeout(() => {
      this.#redrawing = undefined
      this.#program.resize(this.size)
    }, REDRAW_MS)
  }

  #launch(launch: TerminalOptions['launch']): Program {
    return launch({ onOutput: (bytes) => this.#output(bytes), onEnd: (exit) => this.#end(exit) })
  }

  #output(bytes: Uint8Array): void {
    this.#options.onActivity()
    this.ring.append(bytes)
    for (const feed of this.#feeds) feed.pump()
    for (const listener of this.#listeners) listener()
    this.updatePause()
  }

  #end(exit: Exit): void {
    this.#exit = exit
    this.#options.onEnd(this)
    for (const feed of this.#feeds) feed.pump()
    for (const listener of this.#listeners) listener()
  }
}
