'use client'

import { useState } from 'react'
import type { DragEvent } from 'react'
import type { TreeInstance } from '@headless-tree/core'
import type { TreeItem } from './use-file-tree.ts'

interface DropArea {
  /** Id of the folder that what is dragged now would go to. */
  target: string | undefined
  handlers: {
    onDragEnter: (event: DragEvent) => void
    onDragOver: (event: DragEvent) => void
    onDragLeave: (event: DragEvent) => void
    onDrop: (event: DragEvent) => void
  }
}

/** Takes what is dropped beside the rows, into the workspace's top. Rows keep their drags and drops to themselves. */
export function useDropArea(tree: TreeInstance<TreeItem>): DropArea {
  const [isOver, setIsOver] = useState(false)
  const top = { item: tree.getRootItem() }
  const config = tree.getConfig()
  const isTaken = ({ dataTransfer }: DragEvent): boolean => {
    const items = tree.getState().dnd?.draggedItems
    const answer =
      items === undefined ? config.canDragForeignDragObjectOver?.(dataTransfer, top) : config.canDrop?.(items, top)
    return answer === true
  }
  return {
    target: isOver ? top.item.getId() : targetOf(tree),
    handlers: {
      onDragEnter: (event) => setIsOver(!isOnRow(event) && isTaken(event)),
      onDragOver: (event) => {
        if (isTaken(event)) event.preventDefault()
      },
      onDragLeave: ({ currentTarget, relatedTarget }) => {
        if (relatedTarget instanceof Node && currentTarget.contains(relatedTarget)) return
        setIsOver(false)
        forgetDrag(tree)
      },
      onDrop: (event) => {
        setIsOver(false)
        if (event.isDefaultPrevented() || !isTaken(event)) return
        event.preventDefault()
        const items = tree.getState().dnd?.draggedItems
        if (items !== undefined) return void config.onDrop?.(items, top)
        void config.onDropForeignDragObject?.(event.dataTransfer, top)
        forgetDrag(tree)
      },
    },
  }
}

/**
 * A drag of files that went over rows and ended elsewhere goes on for the library, which takes no arrow keys meanwhile.
 * After its own word on a row that was left.
 */
function forgetDrag(tree: TreeInstance<TreeItem>): void {
  setTimeout(() => {
    if (tree.getState().dnd?.draggedItems === undefined) tree.applySubStateUpdate('dnd', null)
  }, AFTER_LEAVE_MS)
}

/** The library speaks of a row that was left 100 ms later. */
const AFTER_LEAVE_MS = 150

function isOnRow({ target }: DragEvent): boolean {
  return target instanceof Element && target.closest('[role="treeitem"]') !== null
}

/** Over a file its folder is the target. */
function targetOf(tree: TreeInstance<TreeItem>): string | undefined {
  const item = tree.getDragTarget()?.item
  return item?.isFolder() === false ? item.getParent()?.getId() : item?.getId()
}
