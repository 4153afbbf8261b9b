import { once } from 'node:events'
import type { ClientHttp2Stream } from 'node:http2'
import { wireErrorSchema } from '#protocol/errors.ts'
import type { ErrorCode, WireError } from '#protocol/errors.ts'
import { GRPC_STATUS, GrpcFault, encodeMessage } from '#wire/grpc.ts'
import type { CallDefinition } from '#wire/grpc.ts'
import { jsonOrNothing } from '../json-or-nothing.ts'
import { SidecarError } from '../sidecar-error.ts'
import type { Channel } from './channel.ts'
import { Exchange } from './exchange.ts'
import { MAX_WAITING_MESSAGES, RUNNER_CALL_TIMEOUT_MS } from './limits.ts'
import type { CallOptions } from './runner-api.ts'

/** The calls of one service of `runner.proto`. What goes wrong is a `SidecarError`, or `signal`'s reason. */
export class ServiceCalls {
  readonly #channel: Channel
  readonly #service: string

  constructor(channel: Channel, { fullName }: { fullName: string }) {
    this.#channel = channel
    this.#service = fullName
  }

  /** One request, one answer. */
  async ask<Q, R>(definition: CallDefinition<Q, R>, request: Q, options: CallOptions = {}): Promise<R> {
    const { stream, answer } = this.#answered(definition, options)
    stream.end(encodeMessage(definition.requestType, request))
    return answer
  }

  /** Requests as they come, no faster than they are taken, then one answer. A refusal may come before the last of them. */
  async send<Q, R>(definition: CallDefinition<Q, R>, requests: AsyncIterable<Q>, options: CallOptions): Promise<R> {
    const { stream, answer, exchange } = this.#answered(definition, options)
    // It is thrown below.
    answer.catch(() => {})
    try {
      for await (const request of requests) {
        if (exchange.isOver) break
        if (!stream.write(encodeMessage(definition.requestType, request)))
          await Promise.race([once(stream, 'drain'), answer])
      }
      if (!exchange.isOver) stream.end()
      return await answer
    } catch (error) {
      exchange.end(error)
      throw error
    }
  }

  /** One request, answers as they come. Ending the iteration, or `signal`, ends the call. */
  async *listen<Q, R>(
    definition: CallDefinition<Q, R>,
    request: Q,
    { signal, timeoutMs }: CallOptions = {},
  ): AsyncGenerator<R> {
    signal?.throwIfAborted()
    const stream = this.#open(definition)
    let waiting: R[] = []
    let over: { error: unknown } | undefined
    let wake = () => {}
    const exchange = new Exchange({
      stream,
      type: definition.responseType,
      signal,
      timeoutMs,
      onMessage: (message) => {
        waiting.push(message)
        if (waiting.length >= MAX_WAITING_MESSAGES) stream.pause()
        wake()
      },
      onOver: (error) => {
        over = { error }
        wake()
      },
    })
    stream.end(encodeMessage(definition.requestType, request))
    try {
      for (;;) {
        const taken = waiting
        waiting = []
        yield* taken
        if (waiting.length > 0) continue
        if (over !== undefined) break
        if (stream.isPaused()) stream.resume()
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      if (over.error !== undefined) throw failureOf(over.error, signal)
    } finally {
      exchange.end()
    }
  }

  #open({ name }: { name: string }): ClientHttp2Stream {
    return this.#channel.open(`/${this.#service}/${name}`)
  }

  #answered<Q, R>(definition: CallDefinition<Q, R>, { signal, timeoutMs = RUNNER_CALL_TIMEOUT_MS }: CallOptions) {
    signal?.throwIfAborted()
    const stream = this.#open(definition)
    const answer = Promise.withResolvers<R>()
    const messages: R[] = []
    const exchange = new Exchange({
      stream,
      type: definition.responseType,
      signal,
      timeoutMs,
      onMessage: (message) => void messages.push(message),
      onOver: (error) => {
        const [message] = messages
        if (error === undefined && message !== undefined && messages.length === 1) answer.resolve(message)
        else answer.reject(failureOf(error, signal))
      },
    })
    return { stream, exchange, answer: answer.promise }
  }
}

function failureOf(error: unknown, signal: AbortSignal | undefined): unknown {
  return signal?.aborted === true ? signal.reason : toSidecarError(error)
}

/** What the runner says went wrong; or that it cannot be reached. */
function toSidecarError(error: unknown): SidecarError {
  if (!(error instanceof GrpcFault))
    return new SidecarError('internal', 'The runner was called wrongly.', { cause: error })
  const told = toldIn(error)
  if (told !== undefined) return new SidecarError(told.code, told.message, { advice: told.advice, cause: error })
  const [code, message, advice] = FAULTS[error.status] ?? ['internal', `The runner failed: ${error.message}`]
  return new SidecarError(code, message, { advice, cause: error })
}

/** The runner's own words, where it said any: what serves its socket may be another program of the sandbox. */
function toldIn({ told }: GrpcFault): WireError | undefined {
  return told === undefined ? undefined : wireErrorSchema.safeParse(jsonOrNothing(told)).data
}

const FAULTS: Record<number, [ErrorCode, string, string?] | undefined> = {
  [GRPC_STATUS.unavailable]: [
    'unavailable',
    'The sandbox does not answer.',
    'It may be restarting: try again in a moment.',
  ],
  [GRPC_STATUS.deadlineExceeded]: ['timeout', 'The sandbox took too long to answer.', 'Try again, or ask for less.'],
  [GRPC_STATUS.resourceExhausted]: ['too_large', 'This is too large for one message.', 'Ask for a part of it.'],
  [GRPC_STATUS.cancelled]: ['unavailable', 'The call was ended.', 'Try again.'],
}
