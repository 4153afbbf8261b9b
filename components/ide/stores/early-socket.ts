import { EARLY_MESSAGES } from './limits.ts'

/** A socket that was opened ahead, and what came on it since. */
export interface OpenedAhead {
  socket: WebSocket
  messages: readonly unknown[]
}

/**
 * The line to the runner, opened while the browser still reads the workbench's code: the way through the gateway takes
 * about as long. What comes before the workbench takes it over is kept, in order.
 */
export class EarlySocket {
  #socket: WebSocket | undefined
  #messages: unknown[] = []
  #isOver = false

  /** Whether a line is open, or on its way. */
  get isOpen(): boolean {
    return this.#socket !== undefined && this.#socket.readyState <= WebSocket.OPEN
  }

  /** Messages that wait. */
  get count(): number {
    return this.#messages.length
  }

  /** Opens the line; not again once it was taken over, for a taken line returns by itself. */
  open(url: string): void {
    if (this.#isOver || this.#socket !== undefined) return
    const socket = new WebSocket(url)
    socket.binaryType = 'arraybuffer'
    socket.addEventListener('message', this.#keep)
    this.#socket = socket
  }

  /** Hands the line over, once; `undefined` where there is none or it is lost already. */
  take(): OpenedAhead | undefined {
    this.#isOver = true
    const isOpen = this.isOpen
    const socket = this.#socket
    const messages = this.#messages
    this.#socket = undefined
    this.#messages = []
    socket?.removeEventListener('message', this.#keep)
    return socket !== undefined && isOpen ? { socket, messages } : undefined
  }

  /** Closes a line that nobody took. */
  close(): void {
    this.#socket?.close()
    this.#socket = undefined
    this.#messages = []
  }

  readonly #keep = (event: MessageEvent): void => {
    if (this.#messages.length < EARLY_MESSAGES) this.#messages.push(event.data)
    else this.close()
  }
}
