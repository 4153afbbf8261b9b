'use client'

import { useEffect, useRef } from 'react'
import { ContextMenu, ContextMenuTrigger } from '#components/ui/context-menu.tsx'
import { cx } from '#components/ui/cx.ts'
import { Skeleton } from '#components/ui/skeleton.tsx'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { CreateRow } from './create-row.tsx'
import { TreeMenu } from './tree-menu.tsx'
import { TreeRow } from './tree-row.tsx'
import { useDropArea } from './use-drop-area.ts'
import { ROOT, useFileTree } from './use-file-tree.ts'
import { useTreeClipboard } from './use-tree-clipboard.ts'
import { focusedIndex } from './use-tree-focus.ts'
import { useVisibleRows } from './use-visible-rows.ts'

const ROW_HEIGHT_PX = 26
const WAITING = ['w-24', 'w-32', 'w-20', 'w-28']

/** The workspace's files. Only the rows in view are in the page. */
export function FileTree() {
  const workbench = useWorkbench()
  const scroller = useRef<HTMLDivElement>(null)
  const { folders } = useStore(workbench.tree.state)
  const { active } = useStore(workbench.tabs.state)
  const creating = useStore(workbench.creating)
  const scrollTo = useRef<(index: number) => void>(() => undefined)
  const tree = useFileTree(workbench, (index) => scrollTo.current(index))
  const items = tree.getItems()
  const rows = useVisibleRows(scroller, { count: items.length, rowHeight: ROW_HEIGHT_PX, kept: focusedIndex(tree) })
  const drop = useDropArea(tree)
  const clipboard = useTreeClipboard(tree)
  useEffect(() => {
    scrollTo.current = rows.scrollTo
  }, [rows.scrollTo])

  const root = folders.get('')
  return (
    <ContextMenu>
      <ContextMenuTrigger asChild>
        <div
          ref={scroller}
          {...drop.handlers}
          className={cx(
            'min-h-0 grow overflow-y-auto overflow-x-hidden pb-6',
            drop.target === ROOT && 'bg-accent-soft',
          )}
        >
          {creating !== undefined && <CreateRow {...creating} />}
          {root === undefined && (
            <div className="flex flex-col gap-3 px-5 py-2">
              {WAITING.map((width) => (
                <Skeleton key={width} className={`h-3 ${width}`} />
              ))}
            </div>
          )}
          {root?.error !== undefined && <p className="px-4 py-2 text-failed">{root.error.message}</p>}
          {root?.error === undefined && root?.entries.length === 0 && creating === undefined && (
            <p className="px-4 py-2 text-muted">This workspace has no files yet.</p>
          )}
          <div
            {...tree.getContainerProps('Files')}
            {...clipboard}
            className="relative outline-none"
            style={{ height: items.length * ROW_HEIGHT_PX }}
          >
            {rows.drawn.map((index) => {
              const item = items[index]
              return item === undefined ? null : (
                <TreeRow
                  key={item.getId()}
                  item={item}
                  top={index * ROW_HEIGHT_PX}
                  isOpenInEditor={item.getId() === active}
                  isDropTarget={item.getId() === drop.target}
                />
              )
            })}
          </div>
          {root?.isCut === true && (
            <p className="px-4 py-2 text-xs text-muted">There are more files here than shown.</p>
          )}
        </div>
      </ContextMenuTrigger>
      <TreeMenu />
    </ContextMenu>
  )
}
