'use client'

import { useEffect, useRef } from 'react'
import type { Workbench } from '../stores/workbench.ts'
import { useIsPhone } from '../use-is-phone.ts'

/** An upload that fails says so beside the files: whoever looks at something else meanwhile is told where. */
export function useUploadNews(workbench: Workbench): void {
  const isPhone = useIsPhone()
  const told = useRef(new Set<number>())
  useEffect(() => {
    const { uploads } = workbench.transfers
    return uploads.subscribe(() => {
      for (const upload of uploads.getSnapshot()) {
        if (upload.kind !== 'over' || told.current.has(upload.id)) continue
        told.current.add(upload.id)
        if (upload.outcome.tone === 'failed' && !isFilesShown(workbench, isPhone)) tell(workbench, upload.outcome.title)
      }
    })
  }, [workbench, isPhone])
}

function isFilesShown({ memory }: Workbench, isPhone: boolean): boolean {
  const { side, pane } = memory.layout.getSnapshot()
  return isPhone ? pane === 'files' && (side ?? 'files') === 'files' : side === 'files'
}

function tell(workbench: Workbench, title: string): void {
  const onAct = (): void => {
    workbench.showSide('files')
    workbench.showPane('files')
  }
  workbench.notify({ title, tone: 'failed', action: { label: 'Show in Files', onAct } })
}
