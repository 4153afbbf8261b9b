import type { Metadata } from 'next'
import { cookies } from 'next/headers'
import { notFound, redirect } from 'next/navigation'
import { IdeLoader } from '#components/ide/ide-loader.tsx'
import { replIdSchema } from '#protocol/ids.ts'
import type { Principal } from '#server/auth/principal.ts'
import { context } from '#server/global.ts'
import { createCaller } from '#server/trpc/router.ts'
import { toAppError } from '#server/errors.ts'
import type { ReplView } from '#server/repls/views.ts'
import { visitor } from '../../visitor.ts'

export const metadata: Metadata = { title: 'REPL' }

interface Props {
  params: Promise<{ replId: string }>
}

/** The IDE of one REPL. Who may not know of it gets the same answer as for one that does not exist. */
export default async function Page({ params }: Props) {
  const { replId } = await params
  const who = await visitor()
  if (who === undefined) redirect(`/signin?callbackUrl=${encodeURIComponent(`/r/${replId}`)}`)
  if (!replIdSchema.safeParse(replId).success) notFound()
  const api = createCaller({ app: context(), who })
  const [found, account] = await Promise.all([viewOf(api, replId), api.account.get()])
  const view = found ?? ((await wasGuest(who, replId)) ? await viewOf(api, replId) : undefined)
  if (view === undefined) notFound()
  return <IdeLoader view={view} account={account} />
}

/** Who looked at it by a link and has signed in since need not open the link again. */
async function wasGuest(who: Principal, replId: string): Promise<boolean> {
  const guestCookie = (await cookies()).get(context().auth.guestCookie)?.value
  if (who.kind !== 'user' || guestCookie === undefined) return false
  return context().shares.carryOver(who, { guestCookie, replId })
}

async function viewOf(api: ReturnType<typeof createCaller>, replId: string): Promise<ReplView | undefined> {
  try {
    return await api.repls.get({ replId })
  } catch (error) {
    const { code } = toAppError(error instanceof Error && error.cause !== undefined ? error.cause : error)
    if (code === 'not_found' || code === 'gone' || code === 'forbidden') return undefined
    throw error
  }
}
