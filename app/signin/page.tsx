import type { Metadata } from 'next'
import { headers } from 'next/headers'
import { redirect } from 'next/navigation'
import { z } from 'zod'
import { AuthPage } from '#components/site/auth-page.tsx'
import { localPath } from '#components/site/local-path.ts'
import { SignInCard } from '#components/site/sign-in-card.tsx'
import { signInError } from '#components/site/sign-in-errors.ts'
import { context } from '#server/global.ts'
import { visitor } from '../visitor.ts'

export const metadata: Metadata = { title: 'Sign in' }

const querySchema = z.object({
  callbackUrl: z.string().optional().catch(undefined),
  error: z.string().optional().catch(''),
})

export default async function Page({ searchParams }: { searchParams: Promise<unknown> }) {
  const query = querySchema.parse(await searchParams)
  const callbackUrl = localPath(query.callbackUrl, '/repls')
  const who = await visitor()
  if (who?.kind === 'user' && query.error === undefined) redirect(callbackUrl)
  const app = context()
  return (
    <AuthPage title="Sign in to Devex">
      <SignInCard
        options={await app.signInOptions((await headers()).get('cookie'))}
        callbackUrl={callbackUrl}
        error={signInError(query.error, app.auth.github?.admin)}
      />
    </AuthPage>
  )
}
