'use client'

import { useCallback } from 'react'
import { Button } from '#components/ui/button.tsx'
import type { FileThen } from '#server/workspaces/history/workspace-history.ts'
import { DiffDialog } from '../overlays/diff-dialog.tsx'
import type { Texts } from '../overlays/diff-dialog.tsx'
import { RequestError } from '../stores/request-error.ts'
import type { Workbench } from '../stores/workbench.ts'
import { textOnDisk } from '../text-on-disk.ts'
import { useWorkbench } from '../use-workbench.tsx'
import { bringBack } from './actions.ts'

const LABELS = { theirs: 'As it was then', mine: 'As it is now' }

/** One file as it was then, beside what it is now. */
export function ThenDialog({ id, path, onClose }: { id: string; path: string; onClose: () => void }) {
  const workbench = useWorkbench()
  const load = useCallback(() => readBoth(workbench, id, path), [workbench, id, path])
  return (
    <DiffDialog
      path={path}
      load={load}
      labels={LABELS}
      advice="It can be restored or downloaded all the same."
      onClose={onClose}
      action={
        workbench.repl.canEdit && (
          <Button
            variant="primary"
            onClick={() => {
              onClose()
              void bringBack(workbench, { id, paths: [path] })
            }}
          >
            Restore this file
          </Button>
        )
      }
    />
  )
}

async function readBoth(workbench: Workbench, id: string, path: string): Promise<Texts> {
  try {
    const theirs = textOf(await workbench.history.file(id, path))
    const mine = await nowOf(workbench, path)
    if (theirs === undefined || mine === undefined)
      return { kind: 'unseen', why: 'This file is not text, or too large to compare here.' }
    return { kind: 'texts', theirs, mine }
  } catch (error) {
    const { message } = error instanceof RequestError ? error : workbench.history.errorOf(error)
    return { kind: 'unseen', why: message }
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
  return textOnDisk(workbench, path)
}
