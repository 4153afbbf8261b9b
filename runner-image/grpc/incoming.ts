import type { ServerHttp2Stream } from 'node:http2'
import type { MessageFns } from '#wire/gen/runner.ts'
import { GRPC_STATUS, GrpcFault, MessageReader } from '#wire/grpc.ts'
import { MAX_GRPC_MESSAGE_BYTES } from './limits.ts'

/** The messages that a caller sends. */
export class Incoming<Q> {
  readonly #stream: ServerHttp2Stream
  readonly #type: MessageFns<Q>

  constructor(stream: ServerHttp2Stream, type: MessageFns<Q>) {
    this.#stream = stream
    this.#type = type
  }

  /** Its one message, when it has said all. */
  async only(): Promise<Q> {
    const stream = this.#stream
    return new Promise((resolve, reject) => {
      const messages: Q[] = []
      const reader = this.#reader((message) => messages.push(message))
      stream.on('data', (bytes: Buffer) => {
        try {
          reader.take(bytes)
        } catch (error) {
          stream.pause()
          reject(error)
        }
      })
      const gone = () => reject(hungUp())
      stream.on('close', gone)
      stream.on('end', () => {
        stream.off('close', gone)
        const [message] = messages
        if (message !== undefined && messages.length === 1) resolve(message)
        else reject(new GrpcFault(GRPC_STATUS.internal, 'This call takes exactly one message.'))
      })
    })
  }

  /** All of them, as they come; the caller waits while nobody takes them. */
  async *all(): AsyncGenerator<Q> {
    const stream = this.#stream
    let messages: Q[] = []
    const reader = this.#reader((message) => messages.push(message))
    for await (const bytes of stream.iterator({ destroyOnReturn: false })) {
      if (Buffer.isBuffer(bytes)) reader.take(bytes)
      const taken = messages
      messages = []
      yield* taken
    }
    // A caller that hangs up midway must not look like one that has said all.
    if (stream.aborted) throw hungUp()
  }

  #reader(onMessage: (message: Q) => void): MessageReader<Q> {
    return new MessageReader({ type: this.#type, maxBytes: MAX_GRPC_MESSAGE_BYTES, onMessage })
  }
}

function hungUp(): GrpcFault {
  return new GrpcFault(GRPC_STATUS.cancelled, 'The caller hung up.')
}
