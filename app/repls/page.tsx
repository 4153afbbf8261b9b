import { Suspense } from 'react'
import type { Metadata } from 'next'
import { DashboardSkeleton } from '#components/dashboard/dashboard-skeleton.tsx'
import { SiteHeader } from '#components/site/site-header.tsx'
import { signedIn } from '../visitor.ts'
import { DashboardData } from './dashboard-data.tsx'

export const metadata: Metadata = { title: 'REPLs' }

export default async function Page() {
  const { who, api } = await signedIn('/repls')
  return (
    <>
      <SiteHeader who={who} current="/repls" />
      <main className="mx-auto max-w-6xl px-4 pb-24 pt-8 sm:px-6">
        <Suspense fallback={<DashboardSkeleton />}>
          <DashboardData api={api} />
        </Suspense>
      </main>
    </>
  )
}
