import { TRPCError, initTRPC } from '@trpc/server'
import type { ApiContext } from '#server/context.ts'
import type { Principal } from '#server/auth/principal.ts'
import { TRPC_CODE, toAppError, toWireError } from '#server/errors.ts'

/** What a procedure sees: the application and who asks. */
export interface RequestContext {
  app: ApiContext
  who: Principal | undefined
}

const t = initTRPC.context<RequestContext>().create({
  errorFormatter: ({ shape, error }) => ({
    ...shape,
    message: toWireError(unwrap(error)).message,
    data: { ...shape.data, stack: undefined, error: toWireError(unwrap(error)) },
  }),
})

export const router = t.router
export const createCallerFactory = t.createCallerFactory

/** Translates our errors into tRPC's and logs what nobody expected. */
const errors = t.middleware(async ({ ctx, path, next }) => {
  const result = await next()
  if (result.ok || result.error.code === 'BAD_REQUEST') return result
  const error = toAppError(unwrap(result.error))
  if (error.code === 'internal') ctx.app.log.error('procedure failed', error, { path })
  throw new TRPCError({ code: TRPC_CODE[error.code], message: error.message, cause: error })
})

/** Anyone signed in, or a guest with a share link: the domain checks what they may do. */
export const procedure = t.procedure.use(errors).use(({ ctx, next }) => {
  if (ctx.who === undefined) throw new TRPCError({ code: 'UNAUTHORIZED', message: 'Sign in first.' })
  return next({ ctx: { ...ctx, who: ctx.who } })
})

function unwrap(error: TRPCError): unknown {
  return error.cause ?? error
}
