'use client'

import {
  buildProxiedInstance,
  dragAndDropFeature,
  hotkeysCoreFeature,
  renamingFeature,
  selectionFeature,
  syncDataLoaderFeature,
} from '@headless-tree/core'
import type { ItemInstance, TreeInstance, Updater } from '@headless-tree/core'
import { useTree } from '@headless-tree/react'
import { useState } from 'react'
import { joinPath, nameOf, parentOf } from '#protocol/paths.ts'
import type { Entry } from '#protocol/messages.ts'
import type { Workbench } from '../stores/workbench.ts'
import { useStore } from '../use-workbench.tsx'
import { droppedFiles } from './dropped-files.ts'
import { focusStays, useTreeFocus } from './use-tree-focus.ts'
import { openFile } from '../stores/actions.ts'
import { deleteFiles } from '../stores/delete-files.ts'
import { outermost } from '../stores/outermost.ts'

/** The workspace's own item; paths are never this. */
export const ROOT = '/'
const INDENT_PX = 12

/** An item of the tree: its entry, which is gone for an instant after a move. */
export interface TreeItem {
  path: string
  entry: Entry | undefined
}

/** The tree's keyboard, selection, renaming and dragging, over what the file store knows. */
export function useFileTree(workbench: Workbench, scrollTo: (index: number) => void): TreeInstance<TreeItem> {
  const { expanded } = useStore(workbench.tree.state)
  const [focused, setFocused] = useState<string | null>(null)
  const [selected, setSelected] = useState<string[]>([])
  const tree = useTree<TreeItem>({
    rootItemId: ROOT,
    // The library keeps an instance of every path it ever met. As it builds them otherwise, each is some 8 KB of closures:
    // a build that names its files anew each time would fill the page.
    instanceBuilder: buildProxiedInstance,
    dataLoader: {
      getItem: (id) => ({ path: pathOf(id), entry: workbench.tree.entry(id) }),
      getChildren: (id) => workbench.tree.children(pathOf(id)),
    },
    state: { expandedItems: expanded, focusedItem: focused, selectedItems: selected },
    setExpandedItems: (change) =>
      workbench.tree.setExpanded(updated(change, workbench.tree.state.getSnapshot().expanded)),
    setFocusedItem: (change) => setFocused((before) => updated(change, before)),
    setSelectedItems: (change) => setSelected((before) => updated(change, before)),
    getItemName: (item) => nameOf(item.getItemData().path),
    isItemFolder: (item) => isFolder(item.getItemData().entry),
    scrollToItem: (item) => scrollTo(item.getItemMeta().index),
    onPrimaryAction: (item) => {
      if (!item.isFolder()) openFile(workbench, item.getId(), { isPreview: true })
    },
    indent: INDENT_PX,
    canReorder: false,
    canRename: () => workbench.repl.canEdit,
    onRename: (item, value) => rename(workbench, item.getId(), value),
    canDrag: () => workbench.repl.canEdit,
    canDrop: (items, target) =>
      target.item.isFolder() && chosen(workbench, items).every((path) => canMoveTo(path, target.item.getId())),
    onDrop: (items, target) => {
      const folder = pathOf(target.item.getId())
      void workbench.attempt(() => workbench.files.moveInto(chosen(workbench, items), folder))
    },
    // Onto a file, too: what is dropped there goes beside it.
    canDragForeignDragObjectOver: (transfer) => workbench.repl.canEdit && transfer.types.includes('Files'),
    canDropForeignDragObject: (_transfer, target) => workbench.repl.canEdit && target.item.isFolder(),
    // Nobody waits for the end of the upload: where the keyboard is by then is not the tree's business.
    onDropForeignDragObject: (transfer, target) => {
      const folder = pathOf(target.item.getId())
      const sources = droppedFiles(transfer)
      void workbench.attempt(async () => workbench.transfers.upload(await sources, folder))
    },
    hotkeys: {
      customDelete: {
        hotkey: 'Delete',
        handler: (_event, instance) => {
          if (!workbench.repl.canEdit) return
          // Arrow keys move the focus alone: the selection is meant where the focus is in it.
          void deleteFiles(workbench, meantBy(workbench, instance.getFocusedItem()))
        },
      },
      customOpen: {
        hotkey: 'Enter',
        handler: (_event, instance) => {
          const item = instance.getFocusedItem()
          if (item.isFolder()) (item.isExpanded() ? item.collapse : item.expand)()
          else openFile(workbench, item.getId())
        },
      },
    },
    features: [
      syncDataLoaderFeature,
      selectionFeature,
      hotkeysCoreFeature,
      renamingFeature,
      dragAndDropFeature,
      focusStays(workbench),
    ],
  })
  useTreeFocus(workbench, tree)
  return tree
}

/** Paths of what an item is meant to stand for: the whole selection if it is in it, else itself. */
export function meantBy(workbench: Workbench, item: ItemInstance<TreeItem>): string[] {
  return chosen(workbench, item.isSelected() ? item.getTree().getSelectedItems() : [item])
}

/** Paths of the items that are there. What was deleted stays selected until something else is. */
function chosen(workbench: Workbench, items: readonly ItemInstance<TreeItem>[]): string[] {
  const paths = items.map((item) => item.getId())
  return outermost(paths.filter((path) => workbench.tree.entry(path) !== undefined))
}

/** The folder that is meant by an item: itself, or the one that it lies in. */
export function folderOf(item: ItemInstance<TreeItem>): string {
  const path = pathOf(item.getId())
  return item.isFolder() || path === '' ? path : parentOf(path)
}

/** The path of an item's id. */
export function pathOf(id: string): string {
  return id === ROOT ? '' : id
}

function isFolder(entry: Entry | undefined): boolean {
  return entry?.type === 'directory' || (entry?.type === 'symlink' && entry.targetType === 'directory')
}

function canMoveTo(path: string, folderId: string): boolean {
  const folder = pathOf(folderId)
  return parentOf(path) !== folder && folder !== path && !folder.startsWith(`${path}/`)
}

function rename(workbench: Workbench, path: string, name: string): void {
  const trimmed = name.trim()
  if (trimmed === '' || trimmed === nameOf(path)) return
  void workbench.attempt(() => workbench.files.move(path, joinPath(parentOf(path), trimmed)))
}

function isFunction<T>(change: Updater<T>): change is (before: T) => T {
  return typeof change === 'function'
}

function updated<T>(change: Updater<T>, before: T): T {
  return isFunction(change) ? change(before) : change
}
