'use client'

import dynamic from 'next/dynamic'
import { importAgain } from '#components/ide/import-again.ts'
import { IdeSkeleton } from '#components/ide/ide-skeleton.tsx'
import type { AccountView, ReplView } from '#server/repls/views.ts'

/** The workbench lives in the browser only; the server draws its outline, so that nothing jumps when it comes. */
const Ide = dynamic(async () => (await importAgain(() => import('#components/ide/ide.tsx'))).Ide, {
  ssr: false,
  loading: () => <IdeSkeleton />,
})

export function IdeLoader({ view, account }: { view: ReplView; account: AccountView }) {
  return <Ide view={view} account={account} />
}
