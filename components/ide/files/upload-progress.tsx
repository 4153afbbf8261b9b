'use client'

import { Progress } from '#components/ui/progress.tsx'
import { formatBytes } from '../format.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'

/** Files on their way in. */
export function UploadProgress() {
  const uploads = useStore(useWorkbench().transfers.uploads)
  if (uploads.length === 0) return null
  const sent = uploads.reduce((sum, upload) => sum + upload.sentBytes, 0)
  const total = uploads.reduce((sum, upload) => sum + upload.totalBytes, 0)
  return (
    <output className="flex shrink-0 flex-col gap-1.5 border-t border-line px-4 py-2 text-xs text-muted">
      <span>
        Uploading {uploads.length === 1 ? uploads[0]?.path : `${uploads.length} files`} · {formatBytes(total)}
      </span>
      <Progress label="Upload" percent={total === 0 ? undefined : (100 * sent) / total} />
    </output>
  )
}
