import type { CallOptions as GrpcCallOptions, ClientReadableStream, ClientUnaryCall, ServiceError } from '@grpc/grpc-js'
import { Metadata, status } from '@grpc/grpc-js'
import { wireErrorSchema } from '#protocol/errors.ts'
import type { ErrorCode } from '#protocol/errors.ts'
import { SidecarError } from '../sidecar-error.ts'
import { RUNNER_CALL_TIMEOUT_MS } from './limits.ts'
import type { CallOptions } from './runner-api.ts'

type UnaryMethod<Q, R> = (
  ...call: [Q, Metadata, Partial<GrpcCallOptions>, (error: ServiceError | null, response: R) => void]
) => ClientUnaryCall

type StreamMethod<Q, R> = (request: Q, metadata: Metadata, options: Partial<GrpcCallOptions>) => ClientReadableStream<R>

const NO_METADATA = new Metadata()

/** One request, one answer. */
export async function ask<Q, R>(method: UnaryMethod<Q, R>, request: Q, options: CallOptions = {}): Promise<R> {
  const { signal, timeoutMs = RUNNER_CALL_TIMEOUT_MS } = options
  signal?.throwIfAborted()
  return new Promise<R>((resolve, reject) => {
    const deadline = Date.now() + timeoutMs
    const call = method(request, NO_METADATA, { deadline }, (error, response) => {
      signal?.removeEventListener('abort', abort)
      if (error === null) resolve(response)
      else reject(signal?.aborted === true ? signal.reason : toSidecarError(error))
    })
    const abort = () => call.cancel()
    signal?.addEventListener('abort', abort)
  })
}

/** One request, answers as they come. Ending the iteration, or `signal`, ends the call. */
export async function* listen<Q, R>(
  method: StreamMethod<Q, R>,
  request: Q,
  { signal, timeoutMs }: CallOptions = {},
): AsyncGenerator<R> {
  signal?.throwIfAborted()
  const call = method(request, NO_METADATA, timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs })
  const abort = () => call.cancel()
  signal?.addEventListener('abort', abort)
  try {
    for await (const item of call) yield item
  } catch (error) {
    signal?.throwIfAborted()
    throw toSidecarError(error)
  } finally {
    signal?.removeEventListener('abort', abort)
    call.cancel()
  }
}

/** Where the runner says an error's code, message and advice. */
const ERROR_KEY = 'devex-error-bin'

/** What the runner says went wrong; or that it cannot be reached. */
export function toSidecarError(error: unknown): SidecarError {
  if (!isServiceError(error)) return new SidecarError('internal', 'The runner was called wrongly.', { cause: error })
  const [told] = error.metadata.get(ERROR_KEY)
  if (told !== undefined) {
    const { code, message, advice } = wireErrorSchema.parse(JSON.parse(told.toString()))
    return new SidecarError(code, message, { advice, cause: error })
  }
  const [code, message, advice] = FAULTS[error.code] ?? ['internal', `The runner failed: ${error.details}`]
  return new SidecarError(code, message, { advice, cause: error })
}

const FAULTS: Record<number, [ErrorCode, string, string?] | undefined> = {
  [status.UNAVAILABLE]: ['unavailable', 'The sandbox does not answer.', 'It may be restarting: try again in a moment.'],
  [status.DEADLINE_EXCEEDED]: ['timeout', 'The sandbox took too long to answer.', 'Try again, or ask for less.'],
  [status.RESOURCE_EXHAUSTED]: ['too_large', 'This is too large for one message.', 'Ask for a part of it.'],
  [status.CANCELLED]: ['unavailable', 'The call was ended.', 'Try again.'],
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'metadata' in error && error.metadata instanceof Metadata
}
