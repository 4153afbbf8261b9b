'use client'

import { useEffect, useState } from 'react'
import { ErrorState } from '#components/ui/error-state.tsx'
import { Skeleton } from '#components/ui/skeleton.tsx'
import type { FileThen } from '#server/workspaces/history/workspace-history.ts'
import { mountText } from '../editor/mount-text.ts'
import { useTheme } from '../theme-tokens.ts'
import { useWorkbench } from '../use-workbench.tsx'

type Content = { kind: 'loading' } | { kind: 'text'; text: string } | { kind: 'unseen'; why: string }

/** One file of a snapshot, to read. */
export function FileThenView({ snapshotId, path }: { snapshotId: string; path: string }) {
  const workbench = useWorkbench()
  const [content, setContent] = useState<Content>({ kind: 'loading' })
  const [element, setElement] = useState<HTMLDivElement | null>(null)
  const theme = useTheme()
  useEffect(() => {
    let isGone = false
    workbench.history
      .file(snapshotId, path)
      .then(contentOf)
      .catch((error: unknown): Content => ({ kind: 'unseen', why: workbench.history.errorOf(error).message }))
      .then((read) => (isGone ? undefined : setContent(read)))
      .catch(() => undefined)
    return () => {
      isGone = true
    }
  }, [workbench, snapshotId, path])
  useEffect(() => {
    if (element === null || content.kind !== 'text') return
    const shown = mountText(element, { path, text: content.text, theme })
    return () => shown[Symbol.dispose]()
  }, [element, content, path, theme])
  return (
    <div className="min-h-0 min-w-0 grow overflow-hidden rounded-md border border-line">
      {content.kind === 'loading' && <Skeleton className="m-4 h-3 w-48" />}
      {content.kind === 'unseen' && <ErrorState className="m-3" message={content.why} />}
      {content.kind === 'text' && <div ref={setElement} className="h-full" />}
    </div>
  )
}

function contentOf(file: FileThen): Content {
  switch (file.kind) {
    case 'text':
      return { kind: 'text', text: file.content }
    case 'binary':
      return { kind: 'unseen', why: 'This file is not text. It is in the archive.' }
    case 'too_large':
      return { kind: 'unseen', why: 'This file is too large to show here. It is in the archive.' }
    case 'missing':
      return { kind: 'unseen', why: 'Its name cannot be shown as text, or it is a link. It is in the archive.' }
  }
}
