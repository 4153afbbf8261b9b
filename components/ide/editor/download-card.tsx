'use client'

import { Download, FileArchive } from 'lucide-react'
import { Button } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { nameOf } from '#protocol/paths.ts'
import { formatBytes } from '../format.ts'
import { useWorkbench } from '../use-workbench.tsx'

const WHY = {
  binary: 'It is not text, so there is nothing to edit here.',
  too_large: 'It is too large to edit here.',
} as const

/** A file that the editor does not show. */
export function DownloadCard({ path, kind, size }: { path: string; kind: keyof typeof WHY; size: number }) {
  const { transfers } = useWorkbench()
  return (
    <div className="absolute inset-0 overflow-auto bg-canvas">
      <EmptyState
        icon={<FileArchive />}
        title={`${nameOf(path)} · ${formatBytes(size)}`}
        actions={
          <Button asChild variant="primary">
            <a href={transfers.downloadUrl(path)} download={nameOf(path)}>
              <Download aria-hidden size={16} strokeWidth={1.5} /> Download
            </a>
          </Button>
        }
      >
        {WHY[kind]}
      </EmptyState>
    </div>
  )
}
