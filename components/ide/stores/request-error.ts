import type { ErrorCode, WireError } from '#protocol/errors.ts'

/** A request that the runner refused, or that could not reach it (`unavailable`, `timeout`). */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly code: ErrorCode
  readonly advice: string | undefined
  readonly path: string | undefined

  constructor(error: WireError) {
    super(error.message)
    this.code = error.code
    this.advice = error.advice
    this.path = error.path
  }
}

/** `error` as the wire says it, for showing to a person. */
export function describeError(error: unknown): WireError {
  if (error instanceof RequestError) {
    const { code, message, advice, path } = error
    return { code, message, ...(advice !== undefined && { advice }), ...(path !== undefined && { path }) }
  }
  return {
    code: 'internal',
    message: error instanceof Error ? error.message : 'Something went wrong in this page.',
    advice: 'Reload the page. What you typed is kept.',
  }
}

/** Whether the request may not have reached the runner, so that asking again after a reconnect makes sense. */
export function isLost(error: unknown): boolean {
  return error instanceof RequestError && (error.code === 'unavailable' || error.code === 'timeout')
}

/** Whether the runner answered with this code. */
export function isCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof RequestError && error.code === code
}
