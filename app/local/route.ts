import { LOCAL_BROWSER_COOKIE, LOCAL_BROWSER_TTL_MS } from '#server/auth/local-sign-in.ts'
import { AppError } from '#server/errors.ts'
import { context } from '#server/global.ts'

/** The printed one-time URL: makes this browser one that may sign in, and leaves the token out of the address bar. */
export async function GET(request: Request): Promise<Response> {
  const { auth, publicUrl } = context()
  const token = new URL(request.url).searchParams.get('token') ?? ''
  try {
    const cookie = await auth.localSignIn.redeem(token)
    const attributes = `Path=/; HttpOnly; SameSite=Lax; Max-Age=${LOCAL_BROWSER_TTL_MS / 1000}`
    return redirect(new URL('/signin', publicUrl()), {
      'set-cookie': `${LOCAL_BROWSER_COOKIE}=${cookie}; ${attributes}`,
    })
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'gone') throw error
    return redirect(new URL('/signin?error=UsedLink', publicUrl()))
  }
}

function redirect(to: URL, headers: Record<string, string> = {}): Response {
  return new Response(null, {
    status: 303,
    headers: { location: to.href, 'referrer-policy': 'no-referrer', ...headers },
  })
}

export const dynamic = 'force-dynamic'
