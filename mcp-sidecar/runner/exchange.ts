import { constants } from 'node:http2'
import type { ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2'
import { ERROR_HEADER, GRPC_STATUS, GrpcFault, MessageReader } from '#wire/grpc.ts'
import type { Reading } from '#wire/grpc.ts'
import { MAX_GRPC_MESSAGE_BYTES } from './limits.ts'

interface ExchangeOptions<R> extends Omit<Reading<R>, 'maxBytes'> {
  stream: ClientHttp2Stream
  signal: AbortSignal | undefined
  /** From now on; none: as long as it takes. */
  timeoutMs: number | undefined
  /** Called once, after the last message; with what went wrong, if something did. */
  onOver: (error?: unknown) => void
}

/** One call under way: hands out its messages and tells how it ended. */
export class Exchange<R> {
  readonly #options: ExchangeOptions<R>
  readonly #timer: NodeJS.Timeout | undefined
  #isOver = false
  #isRead = false
  /** `null`: well. */
  #outcome: GrpcFault | null | undefined

  constructor(options: ExchangeOptions<R>) {
    this.#options = options
    const { stream, signal, timeoutMs, type, onMessage } = options
    const reader = new MessageReader({ type, maxBytes: MAX_GRPC_MESSAGE_BYTES, onMessage })
    stream.on('response', (headers) => {
      // An answer without any message says in its head how it ended.
      if (headers['grpc-status'] !== undefined) this.#outcome = outcomeOf(headers)
      else if (headers[':status'] !== 200)
        this.#outcome = new GrpcFault(GRPC_STATUS.unknown, `It answered ${headers[':status']}.`)
    })
    stream.on('trailers', (headers) => {
      this.#outcome = outcomeOf(headers)
      this.#endIfAllIsKnown()
    })
    stream.on('data', (bytes: Buffer) => {
      try {
        if (!this.#isOver) reader.take(bytes)
      } catch (error) {
        this.end(error)
      }
    })
    stream.on('end', () => {
      this.#isRead = true
      this.#endIfAllIsKnown()
    })
    stream.on('error', (cause) => this.end(away(cause)))
    stream.on('close', () => this.end(this.#outcome === undefined ? away() : (this.#outcome ?? undefined)))
    if (timeoutMs !== undefined)
      this.#timer = setTimeout(
        () => this.end(new GrpcFault(GRPC_STATUS.deadlineExceeded, 'Its time is up.')),
        timeoutMs,
      )
    signal?.addEventListener('abort', this.#abort)
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Ends it, if it has not ended: hangs up where the other side still talks. */
  end(error?: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    const { stream, signal, onOver } = this.#options
    clearTimeout(this.#timer)
    signal?.removeEventListener('abort', this.#abort)
    if (!stream.closed && (error !== undefined || this.#outcome === undefined)) stream.close(constants.NGHTTP2_CANCEL)
    onOver(error)
  }

  readonly #abort = () => this.end(this.#options.signal?.reason)

  #endIfAllIsKnown(): void {
    if (this.#isRead && this.#outcome !== undefined) this.end(this.#outcome ?? undefined)
  }
}

function outcomeOf(headers: IncomingHttpHeaders): GrpcFault | null {
  const status = Number(headers['grpc-status'])
  if (status === GRPC_STATUS.ok) return null
  const [details = '', told] = [textOf(headers['grpc-message']), textOf(headers[ERROR_HEADER])]
  return new GrpcFault(status, decoded(details), {
    told: told === undefined ? undefined : Buffer.from(told, 'base64').toString(),
  })
}

/** Percent-encoded (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses); what is not comes as it is. */
function decoded(details: string): string {
  try {
    return decodeURIComponent(details)
  } catch {
    return details
  }
}

function textOf(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : header?.[0]
}

function away(cause?: unknown): GrpcFault {
  return new GrpcFault(GRPC_STATUS.unavailable, 'The runner went away.', { cause })
}
