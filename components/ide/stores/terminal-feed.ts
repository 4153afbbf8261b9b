import { newId } from '#protocol/ids.ts'
import { TERMINAL_ACK_EVERY_BYTES, TERMINAL_INPUT_WINDOW_BYTES } from '#protocol/limits.ts'
import type { Frame } from '#protocol/frames.ts'
import type { RequestResult, TerminalInfo } from '#protocol/messages.ts'
import type { Connection } from './connection.ts'
import { isDeviceReport } from '#protocol/device-report.ts'
import { InputStream } from './input-stream.ts'
import { MAX_QUEUED_INPUT_BYTES, MAX_UNTAKEN_INPUT_BYTES, REPLAY_WHOLE_BYTES } from './limits.ts'
import { Store } from './store.ts'
import type { Readable } from './store.ts'

/** What draws a terminal. `rendered` is called when the bytes are on the screen: that is what paces the runner. */
export interface TerminalScreen {
  write(bytes: Uint8Array, rendered: () => void): void
  reset(): void
}

const encoder = new TextEncoder()

/**
 * One terminal's bytes in both directions. Output that comes before a screen is there is kept (its amount is bounded by
 * the acknowledgement window); after a reconnect the rest is asked for from the exact byte.
 */
export class TerminalFeed {
  readonly id: string
  /** Whether anything is on the screen. */
  readonly isDrawn = new Store(false)
  /** Bytes typed while there was no connection, not yet sent. */
  readonly queued = new Store(0)
  readonly #line: Pick<Connection, 'request' | 'send'>
  readonly #mayType: Readable<boolean>
  #client = newId()
  #input = new InputStream()
  #sentTo = 0
  #channel: number | undefined
  #screen: TerminalScreen | undefined
  #early: Frame[] = []
  /** Offset of the next output byte; absent until a first attach has told. */
  #received: number | undefined
  #rendered = 0
  #acked = 0
  /** Output before this offset was there before this page asked for it. */
  #replayUntil = 0
  /** What the screen is being given, the first at present: `true` is old output, whose questions were answered long ago. */
  #drawing: boolean[] = []
  #isAttaching = false
  /** Counts screens, so that an answer for an earlier one is not taken for this one's. */
  #epoch = 0

  constructor(id: string, line: Pick<Connection, 'request' | 'send'>, mayType: Readable<boolean>) {
    this.id = id
    this.#line = line
    this.#mayType = mayType
  }

  get channel(): number | undefined {
    return this.#channel
  }

  /** Asks for the output from where this page is. Asking twice at a time is asking once. */
  async attach(info: Pick<TerminalInfo, 'end'>): Promise<void> {
    if (this.#isAttaching) return
    this.#isAttaching = true
    this.#channel = undefined
    const epoch = this.#epoch
    const since = this.#received ?? (info.end <= REPLAY_WHOLE_BYTES ? 0 : undefined)
    try {
      const answer = await this.#line.request('terminal.attach', {
        terminal: this.id,
        client: this.#client,
        ...(since !== undefined && { since }),
      })
      if (epoch === this.#epoch) this.#attached(answer)
    } catch {
      // Lost on the way: `hello` attaches again. Gone: `terminal.closed` says so.
    } finally {
      this.#isAttaching = false
    }
    if (epoch !== this.#epoch && this.#screen !== undefined) await this.attach(info)
  }

  #attached(answer: RequestResult<'terminal.attach'>): void {
    this.#channel = answer.channel
    if (this.#received === undefined) this.#rendered = answer.from
    this.#received ??= answer.from
    this.#acked = answer.from
    this.#replayUntil = Math.max(this.#replayUntil, answer.terminal.end)
    this.#resend(answer.input)
  }

  /** The connection is gone; input waits from now on. */
  detached(): void {
    this.#channel = undefined
  }

  /** Gives the feed something to draw on. A second screen starts from the terminal's state, not from where the first was. */
  show(screen: TerminalScreen): void {
    this.#screen = screen
    const early = this.#early
    this.#early = []
    for (const frame of early) this.#draw(screen, frame)
  }

  /** The screen is gone; the next one needs everything again. */
  hide(): void {
    this.#screen = undefined
    this.#early = []
    this.#received = undefined
    this.#drawing = []
    this.#epoch += 1
    if (this.#channel !== undefined) {
      void this.#line.request('terminal.detach', { channel: this.#channel }).catch(() => undefined)
    }
    this.#channel = undefined
  }

  /** A frame of this feed's channel. */
  receive(frame: Frame): void {
    if (frame.kind === 'ack') this.#hasConfirmed(frame.offset)
    else if (frame.kind === 'screen') this.#take(frame)
    else if (frame.kind === 'output') this.#takeOutput(frame)
  }

  /**
   * Types into the terminal. `false`: too much is waiting for it already, and this was not taken. What
   * somebody types who may only look goes nowhere: the runner would end the line over it.
   */
  type(text: string): boolean {
    if (this.#drawing[0] === true && isDeviceReport(text)) return true
    return this.typeBytes(encoder.encode(text))
  }

  /** Types what is no text: where the mouse is, in the encoding from before there was UTF-8. As `type`. */
  typeBytes(bytes: Uint8Array): boolean {
    if (!this.#mayType.getSnapshot()) return true
    if (this.#channel === undefined && this.queued.getSnapshot() + bytes.length > MAX_QUEUED_INPUT_BYTES) return false
    if (this.#input.end - this.#input.confirmed + bytes.length > MAX_UNTAKEN_INPUT_BYTES) return false
    this.#input.push(bytes)
    this.#sendInput()
    if (this.#channel === undefined) this.queued.update((queued) => queued + bytes.length)
    return true
  }

  /** Drops what was typed and not confirmed. Whatever is typed later is another stream: nobody can tell how much of this one was applied. */
  forgetInput(): void {
    this.#client = newId()
    this.#input = new InputStream()
    this.#sentTo = 0
    this.queued.set(0)
  }

  #resend(applied: number | undefined): void {
    // Less than was confirmed before is another stream's count: the runner has forgotten ours.
    if (applied === undefined || applied < this.#input.confirmed) this.#input.restart(this.#sentTo)
    else this.#input.confirm(applied)
    this.#sentTo = 0
    this.#sendInput()
    this.queued.set(0)
  }

  #hasConfirmed(offset: number): void {
    this.#input.confirm(offset)
    this.#sendInput()
  }

  /** Sends what was not sent yet, as far as it fits the window: a program that does not read holds up nothing else. */
  #sendInput(): void {
    if (this.#channel === undefined) return
    const mayEnd = this.#input.confirmed + TERMINAL_INPUT_WINDOW_BYTES
    for (const { offset, bytes } of this.#input.unconfirmed()) {
      const end = offset + bytes.length
      if (end <= this.#sentTo) continue
      if (end > mayEnd || !this.#line.send({ kind: 'input', channel: this.#channel, offset, payload: bytes })) return
      this.#sentTo = end
    }
  }

  #takeOutput(frame: Frame): void {
    const known = (this.#received ??= frame.offset) - frame.offset
    if (known >= frame.payload.length) return
    if (known < 0) return void this.attach({ end: frame.offset })
    this.#take({ ...frame, offset: frame.offset + known, payload: frame.payload.subarray(known) })
  }

  #take(frame: Frame): void {
    this.#received = frame.kind === 'screen' ? frame.offset : frame.offset + frame.payload.length
    // The runner counts a screen's bytes as sent before its offset, and may wait for their acknowledgement.
    if (frame.kind === 'screen') this.#acked = frame.offset - frame.payload.length
    if (this.#screen === undefined) this.#early.push(frame)
    else this.#draw(this.#screen, frame)
  }

  #draw(screen: TerminalScreen, frame: Frame): void {
    const isScreen = frame.kind === 'screen'
    if (isScreen) screen.reset()
    const end = isScreen ? frame.offset : frame.offset + frame.payload.length
    // A screen answers while it reads, and says that one piece is drawn before it reads the next.
    this.#drawing.push(isScreen || frame.offset < this.#replayUntil)
    const epoch = this.#epoch
    screen.write(frame.payload, () => {
      if (epoch !== this.#epoch) return
      this.#drawing.shift()
      this.#hasRendered(end, frame.channel)
    })
  }

  #hasRendered(end: number, channel: number): void {
    this.#rendered = Math.max(this.#rendered, end)
    this.isDrawn.set(true)
    if (channel !== this.#channel || end - this.#acked < TERMINAL_ACK_EVERY_BYTES) return
    this.#acked = end
    this.#line.send({ kind: 'ack', channel, offset: end, payload: new Uint8Array() })
  }
}
