import * as z from 'zod'
import type { ErrorCode, WireError } from '#protocol/errors.ts'

interface RunnerErrorOptions {
  cause?: unknown
  /** What to do next, as a sentence. */
  advice?: string
  path?: string
}

/** The one error type of the runner: it travels as `WireError`. */
export class RunnerError extends Error {
  override readonly name = 'RunnerError'
  readonly code: ErrorCode
  readonly advice: string | undefined
  readonly path: string | undefined

  constructor(code: ErrorCode, message: string, options: RunnerErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.advice = options.advice
    this.path = options.path
  }
}

/** A request's own condition did not hold: 412, where the same conflict without one is 409. */
export class PreconditionFailed extends RunnerError {
  constructor(failure: RunnerError) {
    super('conflict', failure.message, {
      ...(failure.advice !== undefined && { advice: failure.advice }),
      ...(failure.path !== undefined && { path: failure.path }),
    })
  }
}

/** `error` as a `RunnerError`: file system errors by their errno, schema errors as `bad_request`, the rest `internal`. */
export function toRunnerError(error: unknown, path?: string): RunnerError {
  if (error instanceof RunnerError) return error
  if (error instanceof z.ZodError) return new RunnerError('bad_request', describeIssues(error), { cause: error })
  const known = errnoOf(error)
  if (known !== undefined) {
    const row = ERRNO[known]
    if (row !== undefined) {
      const [code, message, advice] = row
      return new RunnerError(code, path === undefined ? message : `${path || 'The workspace'}: ${message}`, {
        cause: error,
        ...(advice !== undefined && { advice }),
        ...(path !== undefined && { path }),
      })
    }
  }
  return new RunnerError('internal', 'Something went wrong in the sandbox.', {
    cause: error,
    ...(path !== undefined && { path }),
  })
}

/** What a client may see of an error. */
export function toWireError(error: unknown, path?: string): WireError {
  const { code, message, advice, path: about } = toRunnerError(error, path)
  return { code, message, ...(advice !== undefined && { advice }), ...(about !== undefined && { path: about }) }
}

/** The system's name of an error, such as `ENOENT`. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

const FULL: [ErrorCode, string, string] = [
  'quota_exceeded',
  'The disk of this repl is full.',
  'Delete files that you do not need (build output, caches), then try again. Nothing was changed.',
]

/** System error → code, sentence, advice. */
const ERRNO: Record<string, [ErrorCode, string, string?] | undefined> = {
  ENOENT: ['not_found', 'There is no such file or folder.', 'It may be called otherwise, or was moved or deleted: look at what its folder holds.'], // prettier-ignore
  ENOTDIR: ['not_found', 'A part of this path is a file, not a folder.'],
  EEXIST: ['conflict', 'Something of this name is there already.', 'Choose another name.'],
  ENOTEMPTY: ['conflict', 'Something of this name is there already.', 'Choose another name.'],
  EISDIR: ['bad_request', 'This is a folder, not a file.', 'Name a file in it.'],
  EACCES: ['forbidden', 'The file system does not permit this.', 'Change its permissions in a terminal (chmod).'],
  EPERM: ['forbidden', 'The file system does not permit this.'],
  EROFS: ['forbidden', 'This place cannot be written to.'],
  ENOSPC: FULL,
  EDQUOT: FULL,
  ENAMETOOLONG: ['bad_request', 'This name is too long.'],
  ELOOP: ['bad_request', 'This path leads through a symbolic link that cannot be followed.'],
  EMFILE: ['unavailable', 'Too many files are open in this sandbox.', 'Try again in a moment.'],
  ENFILE: ['unavailable', 'Too many files are open on this machine.', 'Try again in a moment.'],
  ECONNRESET: ['bad_request', 'The connection broke off.', 'Try again.'],
  ETXTBSY: ['conflict', 'This program is running.'],
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
  quota_exceeded: 507,
  rate_limited: 429,
  not_supported: 501,
  internal: 500,
  unavailable: 503,
  timeout: 504,
} as const satisfies Record<ErrorCode, number>
