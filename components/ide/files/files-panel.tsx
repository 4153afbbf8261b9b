'use client'

import { ChevronsDownUp, FilePlus, FolderPlus, RefreshCw, Trash2 } from 'lucide-react'
import { IconButton } from '#components/ui/icon-button.tsx'
import { useWorkbench } from '../use-workbench.tsx'
import { FileTree } from './file-tree.tsx'
import { UploadMenu } from './upload-menu.tsx'
import { UploadProgress } from './upload-progress.tsx'
import { beginCreate } from '../stores/actions.ts'

/** The workspace's files and what can be done at its top. */
export function FilesPanel() {
  const workbench = useWorkbench()
  const { canEdit } = workbench.repl
  return (
    <div className="flex h-full flex-col">
      <header className="flex h-9 shrink-0 items-center gap-0.5 pl-4 pr-1.5">
        <h2 className="grow font-medium text-soft">Files</h2>
        {canEdit && (
          <>
            <IconButton label="New file" keys="alt+n" onClick={() => beginCreate(workbench, 'file')}>
              <FilePlus aria-hidden />
            </IconButton>
            <IconButton label="New folder" onClick={() => beginCreate(workbench, 'folder')}>
              <FolderPlus aria-hidden />
            </IconButton>
            <UploadMenu />
          </>
        )}
        {canEdit && (
          <IconButton label="Trash" onClick={() => workbench.overlay.set({ kind: 'trash' })}>
            <Trash2 aria-hidden />
          </IconButton>
        )}
        <IconButton label="Refresh files" className="md:hidden" onClick={() => void workbench.tree.list('')}>
          <RefreshCw aria-hidden />
        </IconButton>
        <IconButton label="Collapse folders" onClick={() => workbench.tree.setExpanded([])}>
          <ChevronsDownUp aria-hidden />
        </IconButton>
      </header>
      <FileTree />
      <UploadProgress />
    </div>
  )
}
