'use client'

import { joinPath } from '#protocol/paths.ts'
import { NameInput } from '../name-input.tsx'
import { useWorkbench } from '../use-workbench.tsx'
import { FileIcon, FolderIcon } from './file-icon.tsx'
import { openFile } from '../stores/actions.ts'

interface CreateRowProps {
  kind: 'file' | 'folder'
  folder: string
  /** What was refused. */
  name?: string | undefined
}

/** The name of a file or folder to be made. Folders on the way may be written with it: `src/routes/index.js`. */
export function CreateRow({ kind, folder, name: refused }: CreateRowProps) {
  const workbench = useWorkbench()
  const create = async (name: string): Promise<void> => {
    const path = joinPath(folder, name)
    if (kind === 'folder') {
      await workbench.files.createFolder(path)
      return workbench.tree.isFocusWanted.set(true)
    }
    await workbench.files.createFile(path)
    await workbench.tree.reveal(path)
    openFile(workbench, path)
  }
  const createOrAsk = async (name: string): Promise<void> => {
    try {
      await create(name)
    } catch (error) {
      // A long path is not typed again.
      workbench.creating.set({ kind, folder, name })
      throw error
    }
  }
  return (
    <div className="flex items-center gap-1.5 py-0.5 pl-[30px] pr-2">
      {kind === 'folder' ? <FolderIcon isOpen={false} /> : <FileIcon name="" />}
      <NameInput
        key={`${kind} ${folder} ${refused}`}
        label={`Name of the new ${kind}${folder === '' ? '' : ` in ${folder}`}`}
        initial={refused ?? ''}
        isAgain={refused !== undefined}
        className="h-[24px]! px-1.5!"
        onDone={(name) => {
          workbench.creating.set(undefined)
          if (name !== undefined) void workbench.attempt(() => createOrAsk(name))
        }}
      />
    </div>
  )
}
