'use client'

import { useCallback, useEffect, useState, useSyncExternalStore } from 'react'
import { ChangedKeys } from '#components/ui/kbd.tsx'
import { useToast } from '#components/ui/toaster.tsx'
import type { AccountView, ReplView } from '#server/repls/views.ts'
import { agentsApi } from './agents-api.ts'
import { shownKey, useCustomKeys } from './custom-keys.ts'
import { draftsOf } from './draft-database.ts'
import { useUploadNews } from './files/use-upload-news.ts'
import { historyApi } from './history-api.ts'
import { IdeSkeleton } from './ide-skeleton.tsx'
import { Overlays } from './overlays/overlays.tsx'
import { ReconnectBanner } from './reconnect-banner.tsx'
import { ReplGate } from './repl-gate.tsx'
import { previewTickets } from './preview-ticket.ts'
import { replApi } from './repl-api.ts'
import { socketUrl } from './socket-url.ts'
import { StatusBar } from './status-bar.tsx'
import type { EarlySocket } from './stores/early-socket.ts'
import { Workbench } from './stores/workbench.ts'
import { TopBar } from './top-bar.tsx'
import { useDropGuard } from './use-drop-guard.ts'
import { SleepNotice } from './sleep-notice.tsx'
import { usePageSignals } from './use-page-signals.ts'
import { useShortcuts } from './use-shortcuts.ts'
import { useWhereabouts } from './use-whereabouts.ts'
import { WorkbenchContext } from './use-workbench.tsx'
import { WorkbenchLayout } from './workbench-layout.tsx'

interface IdeProps {
  view: ReplView
  account: AccountView
  /** The line to the runner, if it is on its way already. */
  early: EarlySocket
}

/** The page of one REPL: its outline until the browser has it. */
export function Ide(props: IdeProps) {
  const isInBrowser = useSyncExternalStore(
    () => () => undefined,
    () => true,
    () => false,
  )
  return isInBrowser ? <LivePage {...props} /> : <IdeSkeleton />
}

function LivePage({ view, account, early }: IdeProps) {
  const { show } = useToast()
  const [workbench] = useState(
    () =>
      new Workbench({
        view,
        account,
        api: replApi(view.id),
        historyApi: historyApi(view.id),
        agentsApi: agentsApi(view.id),
        drafts: draftsOf(view.id),
        storage: window.localStorage,
        socketUrl: socketUrl(view.id),
        early,
        ticketUrl: previewTickets(view.id),
        notify: show,
      }),
  )
  useEffect(() => {
    workbench.open()
    return () => workbench.close()
  }, [workbench])
  useShortcuts(workbench)
  useDropGuard()
  usePageSignals(workbench)
  useUploadNews(workbench)
  useWhereabouts(workbench)
  const custom = useCustomKeys()
  const changedKeys = useCallback((keys: string) => shownKey(keys, custom), [custom])
  return (
    <WorkbenchContext value={workbench}>
      <ChangedKeys value={changedKeys}>
        <div className="flex h-dvh flex-col overflow-hidden bg-canvas text-sm text-text">
          <TopBar />
          <ReconnectBanner />
          <SleepNotice />
          <main className="relative min-h-0 grow">
            <ReplGate>
              <WorkbenchLayout />
            </ReplGate>
          </main>
          <StatusBar />
        </div>
        <Overlays />
      </ChangedKeys>
    </WorkbenchContext>
  )
}
