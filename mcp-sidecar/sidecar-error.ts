import * as z from 'zod'
import type { ErrorCode, WireError } from '#protocol/errors.ts'
import { SnapshotError } from '#snapshot/snapshot-error.ts'

/** The sidecar's one error type. The message names the thing; the advice is the way out. */
export class SidecarError extends Error {
  override readonly name = 'SidecarError'
  readonly code: ErrorCode
  readonly advice: string | undefined

  constructor(code: ErrorCode, message: string, options: { advice?: string | undefined; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.advice = options.advice
  }
}

/** `error` as it travels. */
export function toWireError(error: unknown): WireError {
  if (error instanceof SidecarError)
    return { code: error.code, message: error.message, ...(error.advice !== undefined && { advice: error.advice }) }
  if (error instanceof SnapshotError)
    return {
      code: 'internal',
      message: `The snapshot cannot be read: ${error.message}.`,
      advice: 'An earlier snapshot may be intact.',
    }
  if (error instanceof z.ZodError) return { code: 'bad_request', message: z.prettifyError(error) }
  return { code: 'internal', message: error instanceof Error ? error.message : String(error) }
}
