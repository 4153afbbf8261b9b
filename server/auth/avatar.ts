import { AppError } from '#server/errors.ts'
import type { Users } from '#server/auth/users.ts'

const REQUEST_LIMIT_MS = 5_000
const MAX_AVATAR_BYTES = 1024 * 1024
const CACHE_SECONDS = 3600

/** What a picture may be: types that a browser draws and never runs. */
const IMAGE_TYPES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp']

/** The picture that the provider has of a user; `not_found` where there is none. */
export async function fetchAvatar(users: Users, userId: string): Promise<Response> {
  const user = await users.get(userId)
  if (user?.avatarUrl === undefined) throw new AppError('not_found', 'This person has no picture.')
  const answer = await fetchPicture(user.avatarUrl)
  const type = answer.headers.get('content-type')?.split(';')[0] ?? ''
  const bytes = new Uint8Array(await answer.arrayBuffer())
  if (!answer.ok || !IMAGE_TYPES.includes(type) || bytes.length > MAX_AVATAR_BYTES) {
    throw new AppError('not_found', 'This person’s picture cannot be shown.')
  }
  return new Response(bytes, {
    headers: {
      'content-type': type,
      'cache-control': `private, max-age=${CACHE_SECONDS}`,
      'x-content-type-options': 'nosniff',
    },
  })
}

async function fetchPicture(url: string): Promise<Response> {
  try {
    return await fetch(url, { signal: AbortSignal.timeout(REQUEST_LIMIT_MS), redirect: 'error' })
  } catch (cause) {
    throw new AppError('unavailable', 'The picture could not be fetched.', { cause })
  }
}
