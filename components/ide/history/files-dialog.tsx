'use client'

import { useEffect, useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { Dialog } from '#components/ui/dialog.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import { Skeleton } from '#components/ui/skeleton.tsx'
import { archiveUrl, downloadFrom } from '#components/download-archive.ts'
import type { WireError } from '#protocol/errors.ts'
import type { TreeEntry } from '#server/workspaces/history/workspace-history.ts'
import { useWorkbench } from '../use-workbench.tsx'
import { FileThenView } from './file-then-view.tsx'
import { PathList } from './path-list.tsx'

type Tree =
  | { kind: 'loading' }
  | { kind: 'failed'; error: WireError }
  | { kind: 'ready'; id: string; entries: TreeEntry[] }

/** The project as it was last backed up: to read, and to take away. Needs nothing that runs. */
export function FilesDialog({ onClose }: { onClose: () => void }) {
  const workbench = useWorkbench()
  const [tree, setTree] = useState<Tree>({ kind: 'loading' })
  const [path, setPath] = useState<string>()
  useEffect(() => {
    let isGone = false
    workbench.history
      .tree()
      .then(({ id, entries }): Tree => ({ kind: 'ready', id, entries }))
      .catch((error: unknown): Tree => ({ kind: 'failed', error: workbench.history.errorOf(error) }))
      .then((read) => {
        if (isGone) return
        setTree(read)
        if (read.kind === 'ready') setPath(read.entries.find(({ type }) => type === 'file')?.path)
      })
      .catch(() => undefined)
    return () => {
      isGone = true
    }
  }, [workbench])
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Files, as last backed up"
      description={`You can read and download them.${workbench.repl.canEdit ? ' To change them, start the REPL.' : ''}`}
      className="sm:h-[76dvh] sm:max-w-6xl!"
      footer={
        <>
          <Button onClick={() => downloadFrom(archiveUrl(workbench.replId, { format: 'zip' }))}>Download as zip</Button>
          <Button variant="primary" onClick={onClose}>
            Close
          </Button>
        </>
      }
    >
      {tree.kind === 'loading' && <Skeleton className="h-[50dvh] w-full" />}
      {tree.kind === 'failed' && <ErrorState message={tree.error.message} advice={tree.error.advice} />}
      {tree.kind === 'ready' && (
        <div className="flex h-[50dvh] flex-col gap-3 sm:flex-row">
          <PathList entries={tree.entries} chosen={path} onChoose={setPath} />
          {path === undefined ? (
            <p className="p-4 text-muted">There is no file in it.</p>
          ) : (
            <FileThenView key={path} snapshotId={tree.id} path={path} />
          )}
        </div>
      )}
    </Dialog>
  )
}
