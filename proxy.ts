import { randomBytes } from 'node:crypto'
import { NextResponse } from 'next/server'
import type { NextRequest } from 'next/server'
import { contentSecurityPolicy } from './app/content-security-policy.ts'
import { context } from '#server/global.ts'

const NONCE_BYTES = 16

/** Gives every page its content security policy. Next puts the nonce of the request's header on its own scripts. */
export default function proxy(request: NextRequest): NextResponse {
  const nonce = randomBytes(NONCE_BYTES).toString('base64')
  const policy = contentSecurityPolicy({
    nonce,
    host: request.headers.get('host') ?? '',
    previewDomain: context().env.PREVIEW_DOMAIN,
  })
  const headers = new Headers(request.headers)
  headers.set('x-nonce', nonce)
  headers.set('content-security-policy', policy)
  const response = NextResponse.next({ request: { headers } })
  response.headers.set('content-security-policy', policy)
  return response
}

export const config = {
  // Pages: not the API, not files.
  matcher: [{ source: '/((?!api/|_next/static/|theme\\.js|.*\\.(?:png|svg|ico|woff2|webmanifest)$).*)' }],
}
