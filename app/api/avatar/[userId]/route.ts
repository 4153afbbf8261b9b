import { context } from '#server/global.ts'
import { fetchAvatar } from '#server/auth/avatar.ts'
import { AppError, errorResponse } from '#server/errors.ts'

/** A person's picture, through our own server: no page makes a request to another host. */
export async function GET(request: Request, { params }: { params: Promise<{ userId: string }> }): Promise<Response> {
  const { auth } = context()
  try {
    const who = await auth.principalOf(request.headers.get('cookie'))
    if (who === undefined) throw new AppError('unauthenticated', 'Sign in first.')
    return await fetchAvatar(auth.users, (await params).userId)
  } catch (error) {
    return errorResponse(error)
  }
}
