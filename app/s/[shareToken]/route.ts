import { toAppError } from '#server/errors.ts'
import type { AppError } from '#server/errors.ts'
import { context } from '#server/global.ts'

/** Opens a share link: exchanges its token for access, then leaves it out of the address bar. */
export async function GET(
  request: Request,
  { params }: { params: Promise<{ shareToken: string }> },
): Promise<Response> {
  const { shareToken } = await params
  const { auth, shares, log } = context()
  try {
    const who = await auth.principalOf(request.headers.get('cookie'))
    const { replId, guestCookie } = await shares.redeem(who, shareToken)
    if (guestCookie === undefined) return redirect(`/r/${replId}`)
    const { value, maxAgeSeconds } = guestCookie
    const attributes = `Path=/; HttpOnly; SameSite=Lax; Max-Age=${maxAgeSeconds}${auth.isSecure ? '; Secure' : ''}`
    return redirect(`/r/${replId}`, { 'set-cookie': `${auth.guestCookie}=${value}; ${attributes}` })
  } catch (cause) {
    const error = toAppError(cause)
    if (error.code === 'unauthenticated')
      return redirect(`/signin?callbackUrl=${encodeURIComponent(`/s/${shareToken}`)}`)
    if (error.code === 'internal') log.error('share link failed', error)
    return redirect(pageOf(error))
  }
}

/** The page that says why, and what to do. */
function pageOf({ code }: AppError): string {
  if (code === 'gone') return '/s/gone'
  return code === 'rate_limited' ? '/s/busy' : '/s/failed'
}

/** Relative, so that it stays on the host that the browser used. */
function redirect(location: string, headers: Record<string, string> = {}): Response {
  return new Response(null, { status: 303, headers: { location, 'cache-control': 'no-store', ...headers } })
}

export const dynamic = 'force-dynamic'
