import { FRAME_HEADER_BYTES, encodeFrame, encodeFrameHeader } from '#protocol/frames.ts'
import { MAX_FRAME_PAYLOAD_BYTES } from '#protocol/limits.ts'
import { RunnerError } from '../errors.ts'
import { STUCK_CLIENT_MS } from '../limits.ts'
import { FlowWindow } from './flow-window.ts'
import type { Ring } from './ring.ts'

/** Where a feed's frames go: one channel of one connection. */
export interface FeedTarget {
  readonly channel: number
  send(frame: Uint8Array): void
  /** The connection's round trip, in milliseconds. */
  roundTripMs(): number
  /** Whether programs wait for this client, while it draws. */
  readonly mayPace: boolean
  /** Whether somebody looks there: off the screen, browsers all but stop a page's drawing. */
  isDrawing(): boolean
}

/** What a feed needs to know of its terminal. */
export interface FeedSource {
  readonly ring: Ring
  /** Whether its process has ended, so that no byte will follow. */
  readonly hasEnded: boolean
  /** The terminal's exact state, and the offset that it is the state of. */
  screen(): Promise<{ offset: number; payload: Uint8Array }>
  /** A feed has become blocked or free: whether the PTY is read may change. */
  updatePause(): void
}

/**
 * A terminal's output on its way to one client: exact bytes from the ring as far as the window allows, and a screen
 * where the ring has moved on without it.
 */
export class Feed {
  readonly #source: FeedSource
  readonly #target: FeedTarget
  readonly #window = new FlowWindow()
  #sent: number
  #acknowledged: number
  #isAwaitingScreen = false
  #isClosed = false
  /** Since when it can take no more and has acknowledged nothing. */
  #stuckSince: number | undefined
  #onDrained: (() => void)[] = []

  /** Starts at `from`, an offset within the ring; `undefined` begins with a screen. */
  constructor(source: FeedSource, target: FeedTarget, from: number | undefined) {
    this.#source = source
    this.#target = target
    this.#sent = from ?? -1
    this.#acknowledged = this.#sent
  }

  /** Whether it can take no more until the client acknowledges. */
  get isBlocked(): boolean {
    return this.#isAwaitingScreen || this.#sent - this.#acknowledged >= this.#window.bytes
  }

  /** Whether the program is to wait while this is blocked: for somebody who looks, and draws. */
  get isPacing(): boolean {
    const isStuck = this.#stuckSince !== undefined && performance.now() - this.#stuckSince >= STUCK_CLIENT_MS
    return this.#target.mayPace && this.#target.isDrawing() && !isStuck
  }

  /** Sends what may be sent. */
  pump(): void {
    const { ring } = this.#source
    while (!this.#isClosed && !this.isBlocked && this.#sent < ring.end) {
      if (this.#sent < ring.start) {
        // A page that nobody looks at would be sent one screen after the other.
        if (this.#target.isDrawing()) this.#skipToScreen()
        break
      }
      this.#sendOutput()
    }
    if (this.isBlocked) this.#stuckSince ??= performance.now()
    this.#settle()
  }

  /** All output before `offset` is rendered. */
  acknowledge(offset: number): void {
    if (offset > this.#sent) {
      throw new RunnerError('bad_request', `Output up to byte ${offset} was acknowledged, but only ${this.#sent} sent.`)
    }
    if (offset <= this.#acknowledged) return
    this.#window.acknowledge(offset - this.#acknowledged, this.#target.roundTripMs(), performance.now())
    this.#acknowledged = offset
    this.#stuckSince = undefined
    this.pump()
    this.#source.updatePause()
  }

  /** Whether somebody looks there has changed. */
  drawingChanged(): void {
    this.pump()
    this.#source.updatePause()
  }

  /** Calls back once the terminal has ended and its last byte is on its way; right now if that is so already. */
  whenDrained(callback: () => void): void {
    this.#onDrained.push(callback)
    this.#settle()
  }

  close(): void {
    this.#isClosed = true
    this.#onDrained = []
  }

  #sendOutput(): void {
    const { ring } = this.#source
    const offset = this.#sent
    const room = this.#window.bytes - (offset - this.#acknowledged)
    const size = Math.min(ring.end - offset, Math.ceil(room), MAX_FRAME_PAYLOAD_BYTES)
    if (offset === this.#acknowledged) this.#window.restart(performance.now())
    const frame = new Uint8Array(FRAME_HEADER_BYTES + size)
    frame.set(encodeFrameHeader({ kind: 'output', channel: this.#target.channel, offset }))
    ring.copy(offset, frame.subarray(FRAME_HEADER_BYTES))
    this.#sent += size
    this.#target.send(frame)
  }

  #skipToScreen(): void {
    this.#isAwaitingScreen = true
    void this.#source.screen().then(({ offset, payload }) => {
      this.#isAwaitingScreen = false
      if (this.#isClosed) return
      this.#sent = offset
      // A screen takes its share of the window until it is acknowledged.
      this.#acknowledged = offset - payload.length
      this.#target.send(encodeFrame({ kind: 'screen', channel: this.#target.channel, offset, payload }))
      this.pump()
      this.#source.updatePause()
    })
  }

  #settle(): void {
    if (this.#onDrained.length === 0 || !this.#source.hasEnded || this.#isAwaitingScreen) return
    if (this.#sent < this.#source.ring.end) return
    const callbacks = this.#onDrained
    this.#onDrained = []
    for (const callback of callbacks) callback()
  }
}
