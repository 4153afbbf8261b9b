import { TRPCError, initTRPC } from '@trpc/server'
import { z } from 'zod'
import type { ErrorCode } from '#protocol/errors.ts'
import type { Principal } from '#server/auth/principal.ts'
import type { ApiContext } from '#server/context.ts'
import { AppError, HTTP_STATUS, TRPC_CODE, toAppError, toWireError } from '#server/errors.ts'
import { MAX_LOGGED_ID_CHARS, MAX_SUBSCRIPTIONS_PER_SOCKET } from '#server/trpc/limits.ts'

/** What a procedure sees: the application and who asks. */
export interface RequestContext {
  app: ApiContext
  who: Principal | undefined
  /** Subscriptions that the connection has open. Absent where there is no connection. */
  subscriptions?: { open: number }
}

const t = initTRPC.context<RequestContext>().create({
  // Six open event streams block every further request of a browser over HTTP/1.1: subscriptions have a socket.
  sse: { enabled: false },
  errorFormatter: ({ shape, error }) => {
    const wire = toWireError(appErrorOf(error))
    return {
      ...shape,
      message: wire.message,
      data: {
        ...shape.data,
        code: TRPC_CODE[wire.code],
        httpStatus: HTTP_STATUS[wire.code],
        stack: undefined,
        error: wire,
      },
    }
  },
})

export const router = t.router
export const createCallerFactory = t.createCallerFactory

/** Translates our errors into tRPC's and logs what nobody expected. */
const errors = t.middleware(async ({ ctx, path, next }) => {
  const result = await next()
  if (result.ok) return result
  const error = appErrorOf(result.error)
  if (error.code === 'internal') ctx.app.log.error('procedure failed', error, { path })
  throw new TRPCError({ code: TRPC_CODE[error.code], message: error.message, cause: error })
})

const aboutRepl = z.object({ replId: z.string().max(MAX_LOGGED_ID_CHARS) })
const madeRepl = z.object({ id: z.string() })

/** Who changed what, a line each: ids only, never what else was sent along. */
const audit = t.middleware(async ({ ctx, path, type, getRawInput, next }) => {
  const result = await next()
  if (type !== 'mutation' || ctx.who === undefined) return result
  const input = aboutRepl.safeParse(await getRawInput()).data
  const made = path === 'repls.create' && result.ok ? madeRepl.safeParse(result.data).data : undefined
  ctx.app.log.info('a person asked', {
    who: ctx.who.id,
    what: path,
    repl: input?.replId ?? made?.id,
    ok: result.ok,
    ...(!result.ok && { code: appErrorOf(result.error).code }),
  })
  return result
})

/** Each subscription watches and polls for as long as it is open: one connection has a bounded number of them. */
const bounded = t.middleware(async ({ ctx: { subscriptions }, type, signal, next }) => {
  if (type !== 'subscription' || subscriptions === undefined) return await next()
  if (subscriptions.open >= MAX_SUBSCRIPTIONS_PER_SOCKET)
    throw new AppError('rate_limited', 'This connection watches too much at a time.')
  subscriptions.open += 1
  const end = () => void (subscriptions.open -= 1)
  const result = await next()
  if (!result.ok || signal === undefined || signal.aborted) end()
  else signal.addEventListener('abort', end, { once: true })
  return result
})

/** Anyone signed in, or a guest with a share link: the domain checks what they may do. */
export const procedure = t.procedure
  .use(errors)
  .use(audit)
  .use(bounded)
  .use(({ ctx, next }) => {
    if (ctx.who === undefined) throw new AppError('unauthenticated', 'Sign in first.')
    return next({ ctx: { ...ctx, who: ctx.who } })
  })

/** Requests that tRPC itself refuses before a procedure sees them. */
const REFUSED: Partial<Record<TRPCError['code'], { code: ErrorCode; message: string }>> = {
  NOT_FOUND: { code: 'not_found', message: 'There is no such procedure.' },
  METHOD_NOT_SUPPORTED: {
    code: 'bad_request',
    message: 'A change needs a POST, a query a GET, a subscription the socket.',
  },
  BAD_REQUEST: { code: 'bad_request', message: 'This request cannot be understood.' },
  PARSE_ERROR: { code: 'bad_request', message: 'This request cannot be understood.' },
  UNSUPPORTED_MEDIA_TYPE: { code: 'bad_request', message: 'This request is not JSON.' },
  PAYLOAD_TOO_LARGE: { code: 'too_large', message: 'This request is too large.' },
}

/** What went wrong, in our terms: our own error inside tRPC's, bad input, or a request that tRPC itself refused. */
export function appErrorOf(error: TRPCError): AppError {
  const { cause } = error
  if (cause instanceof AppError || cause instanceof z.ZodError) return toAppError(cause)
  const refused = REFUSED[error.code]
  return refused === undefined
    ? toAppError(cause ?? error)
    : new AppError(refused.code, refused.message, { cause: error })
}
