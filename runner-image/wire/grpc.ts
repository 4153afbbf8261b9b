import type { MessageFns } from './gen/runner.ts'

/** What both ends of gRPC over HTTP/2 share: how messages lie in a stream, and how a call's outcome is told. */

/** One call as `runner.proto` defines it. */
export interface CallDefinition<Q, R> {
  name: string
  requestType: MessageFns<Q>
  responseType: MessageFns<R>
}

/** Status codes of gRPC that are used here. */
export const GRPC_STATUS = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const

export const GRPC_CONTENT_TYPE = 'application/grpc+proto'

/** Where an error's code, message and advice travel, as JSON in base64 (names of binary values end with `-bin`). */
export const ERROR_HEADER = 'devex-error-bin'

/** A flag (compressed or not) and the length. */
const HEADER_BYTES = 5

/** A message as it lies in a stream: never compressed. */
export function encodeMessage<T>(type: MessageFns<T>, message: T): Buffer {
  const bytes = type.encode(message).finish()
  const frame = Buffer.allocUnsafe(HEADER_BYTES + bytes.length)
  frame[0] = 0
  frame.writeUInt32BE(bytes.length, 1)
  frame.set(bytes, HEADER_BYTES)
  return frame
}

export interface Reading<T> {
  type: MessageFns<T>
  /** A longer message is refused before it is gathered. */
  maxBytes: number
  onMessage: (message: T) => void
}

/** Takes a stream's bytes as they come and hands out whole messages. Throws a `GrpcFault` where they are none. */
export class MessageReader<T> {
  readonly #reading: Reading<T>
  #parts: Buffer[] = []
  #length = 0
  #needed = HEADER_BYTES

  constructor(reading: Reading<T>) {
    this.#reading = reading
  }

  take(bytes: Buffer): void {
    this.#parts.push(bytes)
    this.#length += bytes.length
    if (this.#length < this.#needed) return
    const { type, onMessage } = this.#reading
    let all = this.#parts.length === 1 ? bytes : Buffer.concat(this.#parts)
    for (;;) {
      this.#needed = all.length < HEADER_BYTES ? HEADER_BYTES : this.#lengthOf(all)
      if (all.length < this.#needed) break
      const message = type.decode(all.subarray(HEADER_BYTES, this.#needed))
      all = all.subarray(this.#needed)
      onMessage(message)
    }
    this.#parts = all.length === 0 ? [] : [all]
    this.#length = all.length
  }

  #lengthOf(all: Buffer): number {
    const length = all.readUInt32BE(1)
    if (all[0] !== 0) throw new GrpcFault(GRPC_STATUS.unimplemented, 'Compressed messages are not understood here.')
    if (length <= this.#reading.maxBytes) return HEADER_BYTES + length
    throw new GrpcFault(GRPC_STATUS.resourceExhausted, `A message of ${length} bytes is larger than ${this.#reading.maxBytes}.`) // prettier-ignore
  }
}

/** A call that did not end well, as gRPC tells it. */
export class GrpcFault extends Error {
  readonly status: number
  /** What `ERROR_HEADER` said. */
  readonly told: string | undefined

  constructor(status: number, details: string, { told, cause }: { told?: string | undefined; cause?: unknown } = {}) {
    super(details, { cause })
    this.name = 'GrpcFault'
    this.status = status
    this.told = told
  }
}
