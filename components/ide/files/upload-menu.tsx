'use client'

import { FolderUp, Upload } from 'lucide-react'
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuTrigger,
} from '#components/ui/dropdown-menu.tsx'
import { useWorkbench } from '../use-workbench.tsx'
import { pickFiles } from './pick-files.ts'

/** Uploads into the workspace's top. */
export function UploadMenu() {
  const workbench = useWorkbench()
  const upload = (kind: 'files' | 'folder') => (): void =>
    void workbench.attempt(async () => workbench.transfers.upload(await pickFiles(kind), ''))
  return (
    <DropdownMenu>
      <DropdownMenuTrigger
        aria-label="Upload"
        title="Upload"
        className="inline-flex size-7 items-center justify-center rounded-md text-muted hover:bg-hover hover:text-text data-[state=open]:bg-hover data-[state=open]:text-text"
      >
        <Upload aria-hidden size={16} strokeWidth={1.5} />
      </DropdownMenuTrigger>
      <DropdownMenuContent label="Upload" align="end">
        <DropdownMenuItem icon={<Upload aria-hidden />} onSelect={upload('files')}>
          Upload files
        </DropdownMenuItem>
        <DropdownMenuItem icon={<FolderUp aria-hidden />} onSelect={upload('folder')}>
          Upload a folder
        </DropdownMenuItem>
      </DropdownMenuContent>
    </DropdownMenu>
  )
}
