'use client'

import { useRef } from 'react'
import {
  Clipboard,
  ClipboardCopy,
  Copy,
  Download,
  FilePlus,
  FolderPlus,
  FolderUp,
  Pencil,
  Scissors,
  Search,
  Trash2,
  Upload,
} from 'lucide-react'
import type { ItemInstance } from '@headless-tree/core'
import { ContextMenuContent, ContextMenuItem, ContextMenuSeparator } from '#components/ui/context-menu.tsx'
import { nameOf } from '#protocol/paths.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { pickFiles } from './pick-files.ts'
import { folderOf, meantBy } from './use-file-tree.ts'
import type { TreeItem } from './use-file-tree.ts'
import { copyOrShow } from '../copy.ts'
import { beginCreate, searchText } from '../stores/actions.ts'
import { deleteFiles } from '../stores/delete-files.ts'
import { pasteFiles } from '../stores/paste-files.ts'

/** What can be done with an item; without one, with the workspace itself. */
export function TreeMenu({ item }: { item?: ItemInstance<TreeItem> }) {
  const workbench = useWorkbench()
  const { files } = workbench
  const { canEdit } = workbench.repl
  const takesFocus = useRef(false)
  const leave = (act: () => void) => (): void => {
    takesFocus.current = true
    act()
  }
  const clipboard = useStore(files.clipboard)
  const paths = item === undefined ? [] : meantBy(workbench, item)
  const upload = (kind: 'files' | 'folder') => (): void =>
    void workbench.attempt(async () => workbench.transfers.upload(await pickFiles(kind), folder))
  const path = item?.getId() ?? ''
  const folder = item === undefined ? '' : folderOf(item)
  return (
    <ContextMenuContent
      label={path === '' ? 'Workspace' : nameOf(path)}
      onCloseAutoFocus={(event) => {
        event.preventDefault()
        // The name that is asked for next takes the focus itself, and so does the search.
        if (takesFocus.current) takesFocus.current = false
        else workbench.tree.isFocusWanted.set(true)
      }}
    >
      {canEdit && (
        <>
          <ContextMenuItem icon={<FilePlus />} onSelect={leave(() => beginCreate(workbench, 'file', folder))}>
            New file
          </ContextMenuItem>
          <ContextMenuItem icon={<FolderPlus />} onSelect={leave(() => beginCreate(workbench, 'folder', folder))}>
            New folder
          </ContextMenuItem>
          <ContextMenuItem
            icon={<Clipboard />}
            keys="mod+v"
            disabled={clipboard === undefined}
            onSelect={() => void pasteFiles(workbench, folder)}
          >
            Paste
          </ContextMenuItem>
          <ContextMenuItem icon={<Upload />} onSelect={upload('files')}>
            Upload files here
          </ContextMenuItem>
          <ContextMenuItem icon={<FolderUp />} onSelect={upload('folder')}>
            Upload a folder here
          </ContextMenuItem>
        </>
      )}
      {item !== undefined && canEdit && (
        <>
          <ContextMenuSeparator />
          <ContextMenuItem
            icon={<Scissors />}
            keys="mod+x"
            onSelect={() => files.clipboard.set({ kind: 'cut', paths })}
          >
            {several('Cut', paths)}
          </ContextMenuItem>
          <ContextMenuItem icon={<Copy />} keys="mod+c" onSelect={() => files.clipboard.set({ kind: 'copy', paths })}>
            {several('Copy', paths)}
          </ContextMenuItem>
          <ContextMenuItem
            icon={<Copy />}
            onSelect={() =>
              void workbench.attempt(async () => {
                await files.duplicate(path)
              })
            }
          >
            Duplicate
          </ContextMenuItem>
          <ContextMenuItem icon={<Pencil />} keys="F2" onSelect={leave(() => item.startRenaming())}>
            Rename
          </ContextMenuItem>
        </>
      )}
      {item !== undefined && (
        <>
          {canEdit && <ContextMenuSeparator />}
          <ContextMenuItem icon={<ClipboardCopy />} onSelect={() => void copyOrShow(workbench, path)}>
            Copy path
          </ContextMenuItem>
          {item.isFolder() && (
            <ContextMenuItem icon={<Search />} onSelect={leave(() => searchText(workbench, { include: `./${path}` }))}>
              Search in this folder
            </ContextMenuItem>
          )}
          <ContextMenuItem
            icon={<Download />}
            onSelect={() => window.location.assign(workbench.transfers.downloadUrl(path))}
          >
            {item.isFolder() ? 'Download as zip' : 'Download'}
          </ContextMenuItem>
        </>
      )}
      {item !== undefined && canEdit && (
        <>
          <ContextMenuSeparator />
          <ContextMenuItem icon={<Trash2 />} keys="Delete" isDanger onSelect={() => void deleteFiles(workbench, paths)}>
            {several('Delete', paths)}
          </ContextMenuItem>
        </>
      )}
    </ContextMenuContent>
  )
}

/** A part of its own: only a menu that is open looks through the selection. */
function several(verb: string, paths: readonly string[]): string {
  return paths.length > 1 ? `${verb} ${paths.length} items` : verb
}
