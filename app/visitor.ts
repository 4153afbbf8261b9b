import { headers } from 'next/headers'
import { redirect } from 'next/navigation'
import type { Principal } from '#server/auth/principal.ts'
import { context } from '#server/global.ts'
import { createCaller } from '#server/trpc/router.ts'

/** Who looks at the page, if known. */
export async function visitor(): Promise<Principal | undefined> {
  return await context().auth.principalOf((await headers()).get('cookie'))
}

/** The signed-in person and the API in their name; anyone else is sent to sign in and comes back to `path`. */
export async function signedIn(path: string) {
  const who = await visitor()
  if (who?.kind !== 'user') redirect(`/signin?callbackUrl=${encodeURIComponent(path)}`)
  return { who, api: createCaller({ app: context(), who }) }
}
