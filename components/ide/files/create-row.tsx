'use client'

import { joinPath } from '#protocol/paths.ts'
import { NameInput } from '../name-input.tsx'
import { useWorkbench } from '../use-workbench.tsx'
import { FileIcon, FolderIcon } from './file-icon.tsx'
import { openFile } from '../stores/actions.ts'

/** The name of a file or folder to be made. Folders on the way may be written with it: `src/routes/index.js`. */
export function CreateRow({ kind, folder }: { kind: 'file' | 'folder'; folder: string }) {
  const workbench = useWorkbench()
  const create = async (name: string): Promise<void> => {
    const path = joinPath(folder, name)
    if (kind === 'folder') return workbench.files.createFolder(path)
    await workbench.files.createFile(path)
    await workbench.tree.reveal(path)
    openFile(workbench, path)
  }
  return (
    <div className="flex items-center gap-1.5 py-0.5 pl-[30px] pr-2">
      {kind === 'folder' ? <FolderIcon isOpen={false} /> : <FileIcon name="" />}
      <NameInput
        key={`${kind} ${folder}`}
        label={`Name of the new ${kind}${folder === '' ? '' : ` in ${folder}`}`}
        initial=""
        className="h-[24px]! px-1.5!"
        onDone={(name) => {
          workbench.creating.set(undefined)
          if (name !== undefined) void workbench.attempt(() => create(name))
        }}
      />
    </div>
  )
}
