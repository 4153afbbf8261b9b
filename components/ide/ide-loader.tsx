'use client'

import dynamic from 'next/dynamic'
import { useEffect, useState } from 'react'
import { importAgain } from '#components/ide/import-again.ts'
import { IdeSkeleton } from '#components/ide/ide-skeleton.tsx'
import type { AccountView, ReplView } from '#server/repls/views.ts'
import { EarlySocket } from './stores/early-socket.ts'
import { socketUrl } from './socket-url.ts'

/**
 * The workbench. It draws itself in the browser only, and its outline on the server; that the server knows of it at all
 * is for the page to name its files, so that the browser fetches them together with the page's own.
 */
const Ide = dynamic(async () => (await importAgain(() => import('#components/ide/ide.tsx'))).Ide, {
  loading: () => <IdeSkeleton />,
})

export function IdeLoader({ view, account }: { view: ReplView; account: AccountView }) {
  const [early] = useState(() => new EarlySocket())
  const { kind } = view.state
  useEffect(() => {
    // The line to one that starts is held until it runs, and would hold up all others of this browser.
    if (kind === 'running') early.open(socketUrl(view.id))
    return () => early.close()
  }, [early, view.id, kind])
  return <Ide view={view} account={account} early={early} />
}
