import NextAuth from 'next-auth'
import type { NextRequest } from 'next/server'
import { nextAuthOptions } from '#server/auth/next-auth-options.ts'
import { context } from '#server/global.ts'

interface RouteContext {
  params: Promise<{ nextauth: string[] }>
}

function handler(request: NextRequest, route: RouteContext): Promise<Response> {
  return NextAuth(request, route, nextAuthOptions(context().auth))
}

export { handler as GET, handler as POST }
