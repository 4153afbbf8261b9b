import type { ServerResponse } from 'node:http'
import type { ErrorCode } from '#protocol/errors.ts'
import { AppError, HTTP_STATUS, toWireError } from '#server/errors.ts'

/** JSON-RPC: for the implementation to say what; ours say it in words. */
const SERVER_ERROR = -32_000
const RPC_CODE: Partial<Record<ErrorCode, number>> = { bad_request: -32_600, internal: -32_603 }

/** Mark, as the cause, what a status line says more about: every `AppError` is an instance of all of its subclasses. */
class ScopeNeeded extends Error {
  readonly scope: string

  constructor(scope: string) {
    super(scope)
    this.scope = scope
  }
}

class ComeBackIn extends Error {
  readonly seconds: number

  constructor(seconds: number) {
    super(`${seconds} s`)
    this.seconds = seconds
  }
}

/** A right is missing: the client may ask the person for it (RFC 6750 §3.1, MCP "step-up"). */
export function missingScope(scope: string): AppError {
  return new AppError('forbidden', `This needs the scope ${scope}, which this agent was not given.`, {
    cause: new ScopeNeeded(scope),
    advice: 'Ask the person to let it in with more rights.',
  })
}

/** A limit was reached; after so many seconds there is room again. */
export function overuse(message: string, seconds: number): AppError {
  return new AppError('rate_limited', message, {
    cause: new ComeBackIn(seconds),
    advice: `Wait ${seconds} s, then go on with fewer calls at a time.`,
  })
}

interface RefusalContext {
  /** URL of the protected-resource metadata (RFC 9728). */
  metadataUrl: string
  /** What a first sign-in should ask for. */
  scope: string
  id?: string | number | undefined
}

/** Answers with the status that clients know what to do about, and a JSON-RPC error that says it in words. */
export function answerRefusal(response: ServerResponse, error: unknown, context: RefusalContext): void {
  if (response.headersSent) return void response.destroy()
  const { code } = toWireError(error)
  const body = JSON.stringify(refusalMessage(context.id, error))
  response.writeHead(HTTP_STATUS[code], {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...challengeOf(error, context),
    ...retryAfter(error),
    // What is left of a body that is too large, or too slow, is not read.
    ...((code === 'too_large' || code === 'timeout') && { Connection: 'close' }),
  })
  response.end(body)
}

/** A JSON-RPC error that says it in words. */
export function refusalMessage(id: string | number | undefined, error: unknown): unknown {
  const wire = toWireError(error)
  const code = RPC_CODE[wire.code] ?? SERVER_ERROR
  return { jsonrpc: '2.0', id: id ?? null, error: { code, message: sayToModel(error), data: { error: wire } } }
}

function retryAfter(error: unknown): Record<string, string> {
  const cause = error instanceof AppError ? error.cause : undefined
  return cause instanceof ComeBackIn ? { 'Retry-After': String(cause.seconds) } : {}
}

function challengeOf(error: unknown, { metadataUrl, scope }: RefusalContext): Record<string, string> {
  if (!(error instanceof AppError)) return {}
  const { cause, code, message } = error
  if (cause instanceof ScopeNeeded)
    return { 'WWW-Authenticate': challenge('insufficient_scope', message, { scope: cause.scope, metadataUrl }) }
  if (code !== 'unauthenticated') return {}
  return { 'WWW-Authenticate': challenge('invalid_token', message, { scope, metadataUrl }) }
}

/** The header that tells a client where to sign in (RFC 6750 §3, RFC 9728 §5.1). */
function challenge(
  error: string,
  description: string,
  { scope, metadataUrl }: { scope: string; metadataUrl: string },
): string {
  const text = description.replaceAll(/[^\u0020-\u007E]|["\\]/g, '')
  return `Bearer error="${error}", error_description="${text}", scope="${scope}", resource_metadata="${metadataUrl}"`
}

/** One line for a model. */
export function sayToModel(error: unknown): string {
  const { message, advice } = toWireError(error)
  return advice === undefined ? message : `${message} ${advice}`
}
