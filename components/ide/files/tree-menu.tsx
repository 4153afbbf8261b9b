'use client'

import { useRef } from 'react'
import {
  Clipboard,
  ClipboardCopy,
  Copy,
  Download,
  FilePlus,
  FolderPlus,
  Pencil,
  Scissors,
  Search,
  Trash2,
} from 'lucide-react'
import type { ItemInstance } from '@headless-tree/core'
import { ContextMenuContent, ContextMenuItem, ContextMenuSeparator } from '#components/ui/context-menu.tsx'
import { nameOf, parentOf } from '#protocol/paths.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { meantBy } from './use-file-tree.ts'
import type { TreeItem } from './use-file-tree.ts'
import { beginCreate, searchText } from '../stores/actions.ts'
import { deleteFiles } from '../stores/delete-files.ts'

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
  const path = item?.getId() ?? ''
  const folder = item === undefined ? '' : item.isFolder() ? path : parentOf(path)
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
            disabled={clipboard === undefined}
            onSelect={() => void workbench.attempt(() => files.paste(folder))}
          >
            Paste
          </ContextMenuItem>
        </>
      )}
      {item !== undefined && canEdit && (
        <>
          <ContextMenuSeparator />
          <ContextMenuItem icon={<Scissors />} onSelect={() => files.clipboard.set({ kind: 'cut', path })}>
            Cut
          </ContextMenuItem>
          <ContextMenuItem icon={<Copy />} onSelect={() => files.clipboard.set({ kind: 'copy', path })}>
            Copy
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
          <ContextMenuItem
            icon={<ClipboardCopy />}
            onSelect={() => void navigator.clipboard.writeText(path).catch(() => undefined)}
          >
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
          <Delete item={item} />
        </>
      )}
    </ContextMenuContent>
  )
}

/** A part of its own: only a menu that is open looks through the selection. */
function Delete({ item }: { item: ItemInstance<TreeItem> }) {
  const workbench = useWorkbench()
  const paths = meantBy(workbench, item)
  return (
    <ContextMenuItem icon={<Trash2 />} keys="Delete" isDanger onSelect={() => void deleteFiles(workbench, paths)}>
      {paths.length > 1 ? `Delete ${paths.length} items` : 'Delete'}
    </ContextMenuItem>
  )
}
