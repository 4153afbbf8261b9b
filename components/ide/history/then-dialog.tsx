'use client'

import { useEffect, useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { Dialog } from '#components/ui/dialog.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import { Skeleton } from '#components/ui/skeleton.tsx'
import { nameOf } from '#protocol/paths.ts'
import type { FileThen } from '#server/workspaces/history/workspace-history.ts'
import { mountDiff } from '../editor/mount-diff.ts'
import type { Workbench } from '../stores/workbench.ts'
import { useIsDark } from '../theme-tokens.ts'
import { useWorkbench } from '../use-workbench.tsx'
import { bringBack } from './actions.ts'

type Texts = { kind: 'loading' } | { kind: 'texts'; old: string; now: string } | { kind: 'unseen'; why: string }

/** One file as it was then, beside what it is now. */
export function ThenDialog({ id, path, onClose }: { id: string; path: string; onClose: () => void }) {
  const workbench = useWorkbench()
  const [element, setElement] = useState<HTMLDivElement | null>(null)
  const [texts, setTexts] = useState<Texts>({ kind: 'loading' })
  const isDark = useIsDark()
  useEffect(() => {
    let isGone = false
    void readBoth(workbench, id, path).then((read) => {
      if (!isGone) setTexts(read)
    })
    return () => {
      isGone = true
    }
  }, [workbench, id, path])
  useEffect(() => {
    if (element === null || texts.kind !== 'texts') return
    const labels = { theirs: 'As it was then', mine: 'As it is now' }
    const diff = mountDiff(element, { path, theirs: texts.old, mine: texts.now, labels, isDark })
    return () => diff[Symbol.dispose]()
  }, [element, path, texts, isDark])
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={nameOf(path)}
      description={`${path}. Left: as it was then. Right: as it is now.`}
      className="sm:h-[76dvh] sm:max-w-6xl!"
      footer={
        <>
          <Button onClick={onClose}>Close</Button>
          {workbench.repl.canEdit && (
            <Button
              variant="primary"
              onClick={() => {
                onClose()
                void bringBack(workbench, { id, paths: [path] })
              }}
            >
              Restore this file
            </Button>
          )}
        </>
      }
    >
      {texts.kind === 'loading' && <Skeleton className="h-[50dvh] w-full" />}
      {texts.kind === 'unseen' && (
        <ErrorState message={texts.why} advice="It can be restored or downloaded all the same." />
      )}
      {texts.kind === 'texts' && (
        <div ref={setElement} className="h-[50dvh] overflow-hidden rounded-md border border-line" />
      )}
    </Dialog>
  )
}

async function readBoth(workbench: Workbench, id: string, path: string): Promise<Texts> {
  try {
    const old = textOf(await workbench.history.file(id, path))
    const now = await nowOf(workbench, path)
    if (old === undefined || now === undefined)
      return { kind: 'unseen', why: 'This file is not text, or too large to compare here.' }
    return { kind: 'texts', old, now }
  } catch (error) {
    return { kind: 'unseen', why: workbench.history.errorOf(error).message }
  }
}

function textOf(file: FileThen): string | undefined {
  if (file.kind === 'text') return file.content
  return file.kind === 'missing' ? '' : undefined
}

/** From the running REPL; asleep, its newest snapshot is what there is. */
async function nowOf(workbench: Workbench, path: string): Promise<string | undefined> {
  if (workbench.connection.state.getSnapshot().kind !== 'open') {
    const state = workbench.history.state.getSnapshot()
    const newest = state.kind === 'ready' ? state.snapshots[0] : undefined
    return newest === undefined ? '' : textOf(await workbench.history.file(newest.id, path))
  }
  const file = await workbench.connection.request('files.read', { path }).catch(() => undefined)
  if (file === undefined) return ''
  return file.kind === 'text' ? file.content : undefined
}
