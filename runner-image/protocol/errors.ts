import * as z from 'zod'

/** Every way a request can fail, on every wire. `server/errors.ts` maps a code to HTTP, tRPC and WebSocket close codes. */
export const ERROR_CODES = [
  'bad_request',
  'unauthenticated',
  'forbidden',
  'not_found',
  'conflict',
  'gone',
  'too_large',
  'quota_exceeded',
  'rate_limited',
  'unavailable',
  'timeout',
  'not_supported',
  'internal',
] as const
export const errorCodeSchema = z.enum(ERROR_CODES)
export type ErrorCode = z.infer<typeof errorCodeSchema>

/** An error as it travels: what happened, to which path if any, and what to do next. */
export const wireErrorSchema = z.object({
  code: errorCodeSchema,
  message: z.string(),
  advice: z.string().optional(),
  path: z.string().optional(),
})
export type WireError = z.infer<typeof wireErrorSchema>

/** WebSocket close codes (RFC 6455 §7.4.2: 4000–4999 are the application's). The client shows the reason and knows whether to retry. */
export const CLOSE_CODES = {
  badRequest: 4400,
  unauthenticated: 4401,
  forbidden: 4403,
  notFound: 4404,
  tooLarge: 4413,
  rateLimited: 4429,
  internal: 4500,
  unavailable: 4503,
} as const

/** The close code that says the same as an error code. */
export function closeCodeOf(code: ErrorCode): number {
  switch (code) {
    case 'bad_request':
    case 'conflict':
    case 'not_supported':
      return CLOSE_CODES.badRequest
    case 'unauthenticated':
      return CLOSE_CODES.unauthenticated
    case 'forbidden':
      return CLOSE_CODES.forbidden
    case 'not_found':
    case 'gone':
      return CLOSE_CODES.notFound
    case 'too_large':
      return CLOSE_CODES.tooLarge
    case 'quota_exceeded':
    case 'rate_limited':
      return CLOSE_CODES.rateLimited
    case 'unavailable':
    case 'timeout':
      return CLOSE_CODES.unavailable
    case 'internal':
      return CLOSE_CODES.internal
  }
}
