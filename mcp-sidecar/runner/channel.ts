import { connect, constants } from 'node:http2'
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2'
import { createConnection } from 'node:net'
import { GRPC_CONTENT_TYPE } from '#wire/grpc.ts'
import { FLOW_CONTROL_WINDOW_BYTES } from './limits.ts'

/**
 * The connection to the runner's gRPC socket: made at first use, and again by the call after it broke. A call that cannot
 * connect fails at once, so nothing waits or retries here.
 */
export class Channel implements Disposable {
  readonly #socket: string
  #session: ClientHttp2Session | undefined

  constructor(socket: string) {
    this.#socket = socket
  }

  /** Begins a call. */
  open(path: string): ClientHttp2Stream {
    return this.#connected().request({ ...HEAD, [constants.HTTP2_HEADER_PATH]: path })
  }

  [Symbol.dispose](): void {
    this.#session?.destroy()
    this.#session = undefined
  }

  #connected(): ClientHttp2Session {
    const known = this.#session
    if (known !== undefined && !known.closed && !known.destroyed) return known
    const session = connect('http://runner', {
      createConnection: () => createConnection(this.#socket),
      settings: { enablePush: false, initialWindowSize: FLOW_CONTROL_WINDOW_BYTES },
    })
    session.on('connect', () => session.setLocalWindowSize(FLOW_CONTROL_WINDOW_BYTES))
    // Each of its calls is told.
    session.on('error', () => {})
    session.on('goaway', () => session.close())
    this.#session = session
    return session
  }
}

const HEAD = {
  [constants.HTTP2_HEADER_METHOD]: 'POST',
  [constants.HTTP2_HEADER_CONTENT_TYPE]: GRPC_CONTENT_TYPE,
  [constants.HTTP2_HEADER_TE]: 'trailers',
}
