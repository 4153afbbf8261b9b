import type { Metadata } from 'next'
import { Dashboard } from '#components/dashboard/dashboard.tsx'
import { SiteHeader } from '#components/site/site-header.tsx'
import { toWireError } from '#server/errors.ts'
import { signedIn } from '../visitor.ts'

export const metadata: Metadata = { title: 'REPLs' }

export default async function Page() {
  const { who, api } = await signedIn('/repls')
  const [repls, templates, account] = await Promise.all([
    api.repls.list().then(
      (list) => ({ repls: list }),
      (error: unknown) => ({ error: toWireError(error instanceof Error ? (error.cause ?? error) : error) }),
    ),
    api.templates.list(),
    api.account.get(),
  ])
  return (
    <>
      <SiteHeader who={who} current="/repls" />
      <main className="mx-auto max-w-6xl px-4 pb-24 pt-8 sm:px-6">
        <Dashboard initial={repls} templates={templates} isLocal={account.isLocal} renderedAt={Date.now()} />
      </main>
    </>
  )
}
