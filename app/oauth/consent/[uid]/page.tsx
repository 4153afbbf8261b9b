import type { Metadata } from 'next'
import { headers } from 'next/headers'
import { AuthPage } from '#components/site/auth-page.tsx'
import { ConsentCard } from '#components/site/consent-card.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import type { WireError } from '#protocol/errors.ts'
import type { ConsentView } from '#server/auth/oauth/consent.ts'
import type { Principal } from '#server/auth/principal.ts'
import { toWireError } from '#server/errors.ts'
import { context } from '#server/global.ts'
import { signedIn } from '../../../visitor.ts'

export const metadata: Metadata = { title: 'Let an agent in' }

/** Asks whether a program may come in. The answer goes to the authorization server at the same address. */
export default async function Page({ params }: { params: Promise<{ uid: string }> }) {
  const { uid } = await params
  const { who } = await signedIn(`/oauth/consent/${encodeURIComponent(uid)}`)
  const question = await questionOf(who, uid)
  if ('error' in question) {
    const { message, advice } = question.error
    return (
      <AuthPage title="This cannot go on">
        <ErrorState message={message} advice={advice} />
      </AuthPage>
    )
  }
  return (
    <AuthPage title={`Let ${question.view.client.name} in?`}>
      <ConsentCard uid={uid} view={question.view} person={who.name} />
    </AuthPage>
  )
}

async function questionOf(who: Principal, uid: string): Promise<{ view: ConsentView } | { error: WireError }> {
  try {
    return { view: await context().consent.view(who, { uid, cookieHeader: (await headers()).get('cookie') }) }
  } catch (error) {
    return { error: toWireError(error) }
  }
}
