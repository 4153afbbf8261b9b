'use client'

import { useEffect, useRef } from 'react'
import { nameOf } from '#protocol/paths.ts'
import { Button } from '#components/ui/button.tsx'
import { Progress } from '#components/ui/progress.tsx'
import { formatBytes } from '../format.ts'
import type { UploadState, UploadUnderWay } from '../stores/upload-batch.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { UploadOutcomeRow } from './upload-outcome-row.tsx'

/** Files on their way in, those that wait, and what became of those that did not get through. */
export function UploadProgress() {
  const uploads = useStore(useWorkbench().transfers.uploads)
  if (uploads.length === 0) return null
  return (
    <ul aria-label="Uploads" className="max-h-1/2 shrink-0 overflow-y-auto text-xs text-muted">
      {uploads.map((upload) => (
        <Batch key={upload.id} upload={upload} />
      ))}
    </ul>
  )
}

function Batch({ upload }: { upload: UploadState }) {
  const { transfers } = useWorkbench()
  const { id, kind } = upload
  const wasCancelledHere = useRef(false)
  const dismiss = useRef<HTMLButtonElement>(null)
  // The button that had the focus is gone.
  useEffect(() => {
    if (kind === 'over' && wasCancelledHere.current) dismiss.current?.focus()
  }, [kind])
  const onCancel = (): void => {
    wasCancelledHere.current = true
    transfers.cancel(id)
  }
  return (
    <li className="border-t border-line py-1.5 pl-4 pr-1.5">
      {upload.kind === 'over' ? (
        <UploadOutcomeRow
          outcome={upload.outcome}
          dismissRef={dismiss}
          onTryAgain={() => void transfers.tryAgain(id)}
          onDismiss={() => transfers.dismiss(id)}
        />
      ) : (
        <UnderWay upload={upload} onCancel={onCancel} />
      )}
    </li>
  )
}

function UnderWay({ upload, onCancel }: { upload: UploadUnderWay; onCancel: () => void }) {
  const { kind, path, total, uploaded, sentBytes, totalBytes } = upload
  const what = total === 1 ? nameOf(path) : `${total} files`
  const isWaiting = kind === 'waiting'
  return (
    <>
      <div className="flex items-center gap-2">
        <div className="min-w-0 grow">
          <output className="block truncate text-soft">
            {isWaiting ? 'Waiting to upload' : 'Uploading'} {what}
          </output>
          {isWaiting && <p className="tabular-nums">{formatBytes(totalBytes)}</p>}
        </div>
        <Button size="sm" variant="ghost" aria-label={`Cancel the upload of ${what}`} onClick={onCancel}>
          Cancel
        </Button>
      </div>
      {!isWaiting && (
        <div className="space-y-1 pb-1 pr-2.5">
          <p className="tabular-nums">
            {total > 1 && `${uploaded} of ${total} · `}
            {formatBytes(sentBytes)} of {formatBytes(totalBytes)}
          </p>
          <Progress
            label={`Upload of ${what}`}
            percent={totalBytes === 0 ? undefined : (100 * sentBytes) / totalBytes}
          />
        </div>
      )}
    </>
  )
}
