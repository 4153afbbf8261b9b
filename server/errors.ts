import { z } from 'zod'
import { closeCodeOf } from '#protocol/errors.ts'
import type { ErrorCode, WireError } from '#protocol/errors.ts'

const BRAND = Symbol.for('devex.error')

interface AppErrorOptions {
  cause?: unknown
  /** What to do next, as a sentence. */
  advice?: string
  path?: string
}

/** The one error type of the control plane. The message names the thing; the advice is the way out. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly advice: string | undefined
  readonly path: string | undefined
  readonly [BRAND] = true

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.advice = options.advice
    this.path = options.path
  }

  /** Next's bundle and `main.ts` are separate module graphs with a class each: the brand is what they share. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && BRAND in value
  }
}

/** `error` as an `AppError`; anything unknown becomes `internal`, its text kept for the log only, as the cause. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error
  if (error instanceof z.ZodError) return new AppError('bad_request', describeIssues(error), { cause: error })
  return new AppError('internal', 'Something went wrong on the server.', {
    cause: error,
    advice: 'Try again. If it happens again, the server log has the details.',
  })
}

/** What a client may see of an error. */
export function toWireError(error: unknown): WireError {
  const { code, message, advice, path } = toAppError(error)
  return { code, message, ...(advice !== undefined && { advice }), ...(path !== undefined && { path }) }
}

/** The error that came over a wire. */
export function fromWireError(error: WireError): AppError {
  const { code, message, ...options } = error
  return new AppError(code, message, {
    ...(options.advice !== undefined && { advice: options.advice }),
    ...(options.path !== undefined && { path: options.path }),
  })
}

function describeIssues(error: z.ZodError): string {
  return error.issues
    .map((issue) => (issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`))
    .join('; ')
}

/** Error code → HTTP status (RFC 9110 §15). */
export const HTTP_STATUS = {
  bad_request: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  gone: 410,
  too_large: 413,
  quota_exceeded: 403,
  rate_limited: 429,
  unavailable: 503,
  timeout: 504,
  not_supported: 501,
  internal: 500,
} as const satisfies Record<ErrorCode, number>

/** The cause of a `timeout` that is the client's own: HTTP tells it apart (RFC 9110 §15.5.9). */
export class SlowBody extends Error {}

export function httpStatusOf(error: AppError): number {
  return error.cause instanceof SlowBody ? 408 : HTTP_STATUS[error.code]
}

/** What goes with a refusal: what is left of a body that is too large, or too slow, is not read. */
export function hangUpAfter(error: AppError): Record<string, string> {
  return error.code === 'too_large' || error.cause instanceof SlowBody ? { connection: 'close' } : {}
}

/** Error code → tRPC code. */
export const TRPC_CODE = {
  bad_request: 'BAD_REQUEST',
  unauthenticated: 'UNAUTHORIZED',
  forbidden: 'FORBIDDEN',
  not_found: 'NOT_FOUND',
  conflict: 'CONFLICT',
  gone: 'NOT_FOUND',
  too_large: 'PAYLOAD_TOO_LARGE',
  quota_exceeded: 'FORBIDDEN',
  rate_limited: 'TOO_MANY_REQUESTS',
  unavailable: 'SERVICE_UNAVAILABLE',
  timeout: 'GATEWAY_TIMEOUT',
  not_supported: 'NOT_IMPLEMENTED',
  internal: 'INTERNAL_SERVER_ERROR',
} as const satisfies Record<ErrorCode, string>

/** Error code → WebSocket close code. */
export const closeCode = closeCodeOf

/** An HTTP answer that says what went wrong. */
export function errorResponse(error: unknown): Response {
  const known = toAppError(error)
  return Response.json({ error: toWireError(known) }, { status: httpStatusOf(known), headers: hangUpAfter(known) })
}
