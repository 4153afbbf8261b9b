'use client'

import { useEffect } from 'react'
import { useStore } from './use-workbench.tsx'
import type { Workbench } from './stores/workbench.ts'

/** What the browser says about the page: back online, looked at again, renamed, about to be closed. */
export function usePageSignals(workbench: Workbench): void {
  const { name } = useStore(workbench.repl.state).view
  useEffect(() => {
    document.title = `${name} · Devex`
  }, [name])

  useEffect(() => {
    const retry = (): void => workbench.connection.retryNow()
    const seen = (): void => {
      const isSeen = document.visibilityState === 'visible'
      workbench.terminals.lookedAt(isSeen)
      if (isSeen) retry()
      else void workbench.documents.saveAll()
    }
    // A page may be opened behind another one.
    if (document.visibilityState !== 'visible') workbench.terminals.lookedAt(false)
    window.addEventListener('online', retry)
    document.addEventListener('visibilitychange', seen)
    return () => {
      window.removeEventListener('online', retry)
      document.removeEventListener('visibilitychange', seen)
    }
  }, [workbench])

  const isUnsaved = useStore(workbench.documents.unsaved).length > 0
  const isUploading = useStore(workbench.transfers.isUploading)
  const wouldLose = isUnsaved || isUploading
  useEffect(() => {
    if (!wouldLose) return
    const ask = (event: BeforeUnloadEvent): void => event.preventDefault()
    window.addEventListener('beforeunload', ask)
    return () => window.removeEventListener('beforeunload', ask)
  }, [wouldLose])
}
