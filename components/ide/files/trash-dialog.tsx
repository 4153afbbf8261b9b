'use client'

import { useEffect, useState } from 'react'
import { Trash2, Undo2 } from 'lucide-react'
import { Button } from '#components/ui/button.tsx'
import { Dialog } from '#components/ui/dialog.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import { Skeleton } from '#components/ui/skeleton.tsx'
import { SureButton } from '#components/ui/sure-button.tsx'
import { nameOf, parentOf } from '#protocol/paths.ts'
import { formatAgo, formatBytes } from '../format.ts'
import type { Deleted } from '../stores/file-actions.ts'
import type { TrashState } from '../stores/trash.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'

/** What was deleted in the last week: to put back, or to be rid of. */
export function TrashDialog({ onClose }: { onClose: () => void }) {
  const { trash, attempt } = useTrash()
  const state = useStore(trash.state)
  useEffect(() => void trash.refresh(), [trash])
  const isEmpty = state.kind !== 'ready' || state.total === 0
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Trash"
      description={`Deleted files are kept for 7 days, unless the disk gets full.${sizeWords(state)}`}
      footer={
        <>
          {!isEmpty && (
            <SureButton
              className="mr-auto"
              sure={`Delete all ${state.total} for good`}
              onSure={() => attempt(() => trash.empty())}
            >
              Empty the trash…
            </SureButton>
          )}
          <Button variant="primary" data-autofocus onClick={onClose}>
            Close
          </Button>
        </>
      }
    >
      {state.kind === 'loading' && <Skeleton className="h-24 w-full" />}
      {state.kind === 'failed' && (
        <ErrorState
          message={state.error.message}
          advice={state.error.advice}
          actions={<Button onClick={() => void trash.refresh()}>Try again</Button>}
        />
      )}
      {state.kind === 'ready' && <DeletedList {...state} />}
    </Dialog>
  )
}

function sizeWords(state: TrashState): string {
  if (state.kind !== 'ready' || state.bytes === undefined || state.total === 0) return ''
  return ` They take up ${formatBytes(state.bytes)}.`
}

function DeletedList({ deleted, total }: Extract<TrashState, { kind: 'ready' }>) {
  if (total === 0) return <EmptyState icon={<Trash2 />} title="The trash is empty" className="py-8" />
  return (
    <>
      <ul aria-label="Deleted files" className="max-h-[50dvh] divide-y divide-line overflow-y-auto">
        {deleted.map((one) => (
          <DeletedRow key={one.deletion} {...one} />
        ))}
      </ul>
      {total > deleted.length && (
        <p className="pt-2 text-xs text-muted">{total - deleted.length} older ones are not shown.</p>
      )}
    </>
  )
}

function DeletedRow({ path, deletion, at }: Deleted & { at: number }) {
  const { trash, attempt } = useTrash()
  const [now] = useState(() => Date.now())
  const name = nameOf(path)
  const folder = parentOf(path)
  return (
    <li className="flex items-center gap-1 py-1.5">
      <span className="min-w-0 grow">
        <span className="block truncate text-text">{name}</span>
        <span className="block truncate text-xs text-muted">
          {folder !== '' && `${folder} · `}deleted {formatAgo(at, Math.max(now, at))}
        </span>
      </span>
      <Button
        size="sm"
        variant="ghost"
        aria-label={`Put back ${path}`}
        onClick={() => attempt(() => trash.putBack({ path, deletion }))}
      >
        <Undo2 aria-hidden size={14} strokeWidth={1.5} />
        Put back
      </Button>
      <SureButton
        label={`Delete ${path} for good`}
        sure="Delete for good"
        onSure={() => attempt(() => trash.empty(deletion))}
      >
        <Trash2 aria-hidden size={14} strokeWidth={1.5} />
      </SureButton>
    </li>
  )
}

function useTrash() {
  const workbench = useWorkbench()
  return { trash: workbench.trash, attempt: (work: () => Promise<unknown>) => void workbench.attempt(work) }
}
