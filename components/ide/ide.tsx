'use client'

import { useEffect, useState } from 'react'
import { useToast } from '#components/ui/toaster.tsx'
import type { AccountView, ReplView } from '#server/repls/views.ts'
import { DraftDatabase } from './draft-database.ts'
import { Overlays } from './overlays/overlays.tsx'
import { ReconnectBanner } from './reconnect-banner.tsx'
import { ReplGate } from './repl-gate.tsx'
import { previewTickets } from './preview-ticket.ts'
import { replApi } from './repl-api.ts'
import { StatusBar } from './status-bar.tsx'
import { Workbench } from './stores/workbench.ts'
import { TopBar } from './top-bar.tsx'
import { usePageSignals } from './use-page-signals.ts'
import { useShortcuts } from './use-shortcuts.ts'
import { WorkbenchContext } from './use-workbench.tsx'
import { WorkbenchLayout } from './workbench-layout.tsx'

/** The page of one REPL. */
export function Ide({ view, account }: { view: ReplView; account: AccountView }) {
  const { show } = useToast()
  const [workbench] = useState(
    () =>
      new Workbench({
        view,
        account,
        api: replApi(view.id),
        drafts: new DraftDatabase(view.id),
        storage: window.localStorage,
        socketUrl: socketUrl(view.id),
        ticketUrl: previewTickets(view.id),
        notify: show,
      }),
  )
  useEffect(() => {
    workbench.open()
    return () => workbench.close()
  }, [workbench])
  useShortcuts(workbench)
  usePageSignals(workbench)
  return (
    <WorkbenchContext value={workbench}>
      <div className="flex h-dvh flex-col overflow-hidden bg-canvas text-sm text-text">
        <TopBar />
        <ReconnectBanner />
        <main className="relative min-h-0 grow">
          <ReplGate>
            <WorkbenchLayout />
          </ReplGate>
        </main>
        <StatusBar />
      </div>
      <Overlays />
    </WorkbenchContext>
  )
}

function socketUrl(replId: string): string {
  const url = new URL(`/r/${replId}/socket`, window.location.href)
  url.protocol = url.protocol.replace('http', 'ws')
  return url.href
}
