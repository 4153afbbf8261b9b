import NextAuth from 'next-auth'
import { NextRequest } from 'next/server'
import { nextAuthOptions } from '#server/auth/next-auth-options.ts'
import { errorResponse } from '#server/errors.ts'
import { context } from '#server/global.ts'
import { guardedRequest } from '#server/trpc/guarded-request.ts'

interface RouteContext {
  params: Promise<{ nextauth: string[] }>
}

function handler(request: NextRequest, route: RouteContext): Promise<Response> {
  return NextAuth(request, route, nextAuthOptions(context().auth))
}

/** next-auth itself reads a body of any length, and trusts a cookie that a sibling host may have set to tell its own pages. */
async function guarded(request: NextRequest, route: RouteContext): Promise<Response> {
  try {
    const allowed = new NextRequest(await guardedRequest(request, context().publicUrl()))
    // Here, not in an event of next-auth's: it would go on as if that had not failed.
    if ((await route.params).nextauth[0] === 'signout') await context().auth.signOut(request.headers.get('cookie'))
    return await handler(allowed, route)
  } catch (error) {
    return errorResponse(error)
  }
}

export { handler as GET, guarded as POST }
