'use client'

import { useCallback } from 'react'
import { Button } from '#components/ui/button.tsx'
import type { GitChange } from '#protocol/git-status.ts'
import { DiffDialog } from '../overlays/diff-dialog.tsx'
import type { Texts } from '../overlays/diff-dialog.tsx'
import { openFile } from '../stores/actions.ts'
import { describeError } from '../stores/request-error.ts'
import type { Workbench } from '../stores/workbench.ts'
import { textOnDisk } from '../text-on-disk.ts'
import { useWorkbench } from '../use-workbench.tsx'

const LABELS = { theirs: 'In the last commit', mine: 'As it is now' }

/** A file as the last commit has it, beside what it is now. */
export function ChangeDialog({ change, onClose }: { change: GitChange; onClose: () => void }) {
  const workbench = useWorkbench()
  const { path, kind } = change
  const load = useCallback(() => readBoth(workbench, change), [workbench, change])
  return (
    <DiffDialog
      path={path}
      load={load}
      labels={LABELS}
      advice="Look at it in a terminal."
      onClose={onClose}
      action={
        kind !== 'deleted' && (
          <Button
            variant="primary"
            onClick={() => {
              onClose()
              openFile(workbench, path)
            }}
          >
            Open the file
          </Button>
        )
      }
    />
  )
}

async function readBoth(workbench: Workbench, { path, from, kind }: GitChange): Promise<Texts> {
  try {
    // What is typed is what one means to see.
    await workbench.documents.get(path)?.save()
    const isNew = kind === 'untracked' || kind === 'added'
    const then = isNew ? ({ kind: 'missing' } as const) : await workbench.git.file(from ?? path)
    const now = await textOnDisk(workbench, path)
    const theirs = then.kind === 'text' ? then.content : then.kind === 'missing' ? '' : undefined
    if (theirs === undefined || now === undefined)
      return { kind: 'unseen', why: 'This file is not text, or too large to compare here.' }
    return { kind: 'texts', theirs, mine: now }
  } catch (error) {
    return { kind: 'unseen', why: describeError(error).message }
  }
}
