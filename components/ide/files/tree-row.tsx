'use client'

import type { ItemInstance } from '@headless-tree/core'
import { ChevronRight, CircleAlert, Link2 } from 'lucide-react'
import { ContextMenu, ContextMenuTrigger } from '#components/ui/context-menu.tsx'
import { cx } from '#components/ui/cx.ts'
import { nameOf } from '#protocol/paths.ts'
import { ChangeMark, toneOf } from '../git/change-mark.tsx'
import { PeopleDots } from '../people/people-dots.tsx'
import { useSelected, useWorkbench } from '../use-workbench.tsx'
import { FileIcon, FolderIcon } from './file-icon.tsx'
import { RenameInput } from './rename-input.tsx'
import { TreeMenu } from './tree-menu.tsx'
import type { TreeItem } from './use-file-tree.ts'
import { openFile } from '../stores/actions.ts'

const INDENT_PX = 12
const FIRST_INDENT_PX = 8

interface TreeRowProps {
  item: ItemInstance<TreeItem>
  /** Place in the scrolled list, in pixels. */
  top: number
  isOpenInEditor: boolean
  /** What is dragged now would go here. */
  isDropTarget: boolean
}

/** One file or folder. */
export function TreeRow({ item, top, isOpenInEditor, isDropTarget }: TreeRowProps) {
  const workbench = useWorkbench()
  const { path, entry } = item.getItemData()
  const isFolder = item.isFolder()
  const name = nameOf(path)
  const change = useSelected(workbench.git.state, ({ kinds }) => kinds.get(path))
  const unlisted = useSelected(workbench.tree.state, ({ folders }) => folders.get(path)?.error?.message)
  const hasChanges = useSelected(workbench.git.state, ({ folders }) => folders.has(path))
  return (
    <ContextMenu>
      <ContextMenuTrigger asChild>
        <div
          {...item.getProps()}
          aria-selected={item.isSelected() || isOpenInEditor}
          style={{ top, paddingLeft: FIRST_INDENT_PX + item.getItemMeta().level * INDENT_PX }}
          className={cx(
            'absolute inset-x-0 flex h-[26px] cursor-default select-none items-center gap-1.5 pr-2 -outline-offset-2',
            colours({ isOpenInEditor, isChosen: item.isSelected(), isIgnored: entry?.ignored === true }),
            isDropTarget && 'bg-accent-soft!',
          )}
          onContextMenu={() => item.setFocused()}
          onDoubleClick={() => {
            if (!isFolder) openFile(workbench, path)
          }}
        >
          <ChevronRight
            aria-hidden
            size={14}
            strokeWidth={1.75}
            className={cx(
              'shrink-0 text-muted transition-transform',
              !isFolder && 'invisible',
              item.isExpanded() && 'rotate-90',
            )}
          />
          {isFolder ? <FolderIcon isOpen={item.isExpanded()} /> : <FileIcon name={name} />}
          {item.isRenaming() ? (
            <RenameInput item={item} />
          ) : (
            <span
              className={cx('truncate', change !== undefined && toneOf(change))}
              title={entry?.target === undefined ? name : `${name} → ${entry.target}`}
            >
              {name}
            </span>
          )}
          {!isFolder && <PeopleDots path={path} />}
          {change !== undefined && <ChangeMark kind={change} className="ml-auto" />}
          {hasChanges && (
            <span title="Has changes" className="ml-auto size-1.5 shrink-0 rounded-full bg-attention">
              <span className="sr-only">, has changes</span>
            </span>
          )}
          {unlisted !== undefined && (
            <span title={unlisted} className="ml-auto shrink-0 text-failed">
              <CircleAlert aria-hidden size={14} strokeWidth={1.75} />
              <span className="sr-only">, {unlisted}</span>
            </span>
          )}
          {entry?.type === 'symlink' && <Link2 aria-label="Symbolic link" size={12} className="shrink-0 text-faint" />}
        </div>
      </ContextMenuTrigger>
      <TreeMenu item={item} />
    </ContextMenu>
  )
}

function colours(row: { isOpenInEditor: boolean; isChosen: boolean; isIgnored: boolean }): string {
  const text = row.isIgnored ? 'text-faint' : 'text-soft'
  if (row.isOpenInEditor) return 'bg-selected text-text'
  return row.isChosen ? `bg-hover ${text}` : `hover:bg-hover ${text}`
}
