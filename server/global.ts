import { z } from 'zod'
import type { Context } from '#server/context.ts'

/**
 * Next's bundle and `server/main.ts` are separate module graphs; this one property of `globalThis` joins them.
 * Nothing else is global.
 */
const KEY = Symbol.for('devex.context')

const contextSchema = z.custom<Context>((value) => typeof value === 'object' && value !== null && 'repls' in value)

/** Set once by `main.ts`, before Next serves anything. */
export function shareContext(context: Context): void {
  Reflect.set(globalThis, KEY, context)
}

/** The application, for pages and route handlers. */
export function context(): Context {
  return contextSchema.parse(Reflect.get(globalThis, KEY))
}
