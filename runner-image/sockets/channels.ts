import { encodeFrame } from '#protocol/frames.ts'
import type { Frame } from '#protocol/frames.ts'
import type { RequestResult } from '#protocol/messages.ts'
import { RunnerError } from '../errors.ts'
import type { Feed } from '../terminal/feed.ts'
import { InputStream } from '../terminal/input-stream.ts'
import type { InputInUse } from '../terminal/input-streams.ts'
import type { Terminal } from '../terminal/terminal.ts'

interface Channel {
  terminal: Terminal
  feed: Feed
  input: InputStream
  /** Its stream of input is left to a client that comes back. */
  release: () => void
}

interface AttachOptions {
  since: number | undefined
  /** Name of a stream of input that outlives this connection. */
  stream: string | undefined
}

interface ChannelsOptions {
  send: (frame: Uint8Array) => void
  roundTripMs: () => number
  /** Who may only look holds up nobody's programs. */
  mayPace: boolean
}

/** The terminals that one connection watches, by channel number. */
export class Channels {
  readonly #options: ChannelsOptions
  readonly #channels = new Map<number, Channel>()
  #lastNumber = 0
  #isDrawing = true

  constructor(options: ChannelsOptions) {
    this.#options = options
  }

  /** Watches a terminal; watching it already is replaced. The first frame follows the answer to this request. */
  attach(terminal: Terminal, { since, stream }: AttachOptions): RequestResult<'terminal.attach'> {
    this.detachFrom(terminal.id)
    const channel = ++this.#lastNumber
    const { send, roundTripMs, mayPace } = this.#options
    const target = { channel, send, roundTripMs, mayPace, isDrawing: () => this.#isDrawing }
    const { feed, from } = terminal.attach(target, since)
    const used = stream === undefined ? unnamed(terminal) : terminal.inputs.use(stream)
    const { stream: input, isNew, release } = used
    input.follow((offset) => this.#applied(channel, offset))
    this.#channels.set(channel, { terminal, feed, input, release })
    setImmediate(() => feed.pump())
    return { channel, terminal: terminal.info(), from, ...(!isNew && { input: input.applied }) }
  }

  detach(number: number): void {
    const channel = this.#channels.get(number)
    if (channel === undefined) throw new RunnerError('not_found', `Channel ${number} is not attached.`)
    this.#channels.delete(number)
    channel.release()
    channel.terminal.detach(channel.feed)
  }

  detachFrom(terminalId: string): void {
    for (const [number, { terminal }] of this.#channels) if (terminal.id === terminalId) this.detach(number)
  }

  detachAll(): void {
    for (const number of this.#channels.keys()) this.detach(number)
  }

  /** Whether somebody looks, and what comes is drawn: in its channels now, and those to come. */
  draw(isDrawing: boolean): void {
    this.#isDrawing = isDrawing
    for (const { feed } of this.#channels.values()) feed.drawingChanged()
  }

  /** Runs `callback` when this connection has been sent all output of an ended terminal: at once if it does not watch it. */
  whenDrained(terminalId: string, callback: () => void): void {
    const channel = [...this.#channels.values()].find(({ terminal }) => terminal.id === terminalId)
    if (channel === undefined) callback()
    else channel.feed.whenDrained(callback)
  }

  /** A frame from the client. Frames for a channel that was just detached are late, not wrong. */
  receive(frame: Frame): void {
    if (frame.channel > this.#lastNumber || frame.channel === 0) {
      throw new RunnerError('bad_request', `Channel ${frame.channel} was never attached.`)
    }
    const channel = this.#channels.get(frame.channel)
    if (channel === undefined) return
    if (frame.kind === 'ack') channel.feed.acknowledge(frame.offset)
    else if (frame.kind === 'input') type(channel, frame)
    else throw new RunnerError('bad_request', `A client does not send ${frame.kind} frames.`)
  }

  #applied(channel: number, offset: number): void {
    this.#options.send(encodeFrame({ kind: 'ack', channel, offset, payload: new Uint8Array() }))
  }
}

function type({ terminal, feed, input }: Channel, { offset, payload }: Frame): void {
  if (terminal.typists.admits(feed, payload)) input.receive(offset, payload)
  else input.skip(offset, payload.length)
}

/** Input that is not remembered: it begins anew with every channel. */
function unnamed(terminal: Terminal): InputInUse {
  return { stream: new InputStream(terminal), isNew: true, release: () => undefined }
}
