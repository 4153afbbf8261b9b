'use client'

import { useEffect, useRef } from 'react'
import type { FeatureImplementation, TreeInstance } from '@headless-tree/core'
import type { Workbench } from '../stores/workbench.ts'
import { useStore } from '../use-workbench.tsx'
import { focusAfter } from './focus-after.ts'
import type { TreeItem } from './use-file-tree.ts'

/** Keeps the keyboard on a row while rows come, go and get other names, and gives it to the tree when that is asked for. */
export function useTreeFocus(workbench: Workbench, tree: TreeInstance<TreeItem>): void {
  const items = tree.getItems()
  const isWanted = useStore(workbench.tree.isFocusWanted)
  const rows = useRef<readonly string[]>([])
  const wasInTree = useRef(false)
  useEffect(
    () =>
      workbench.tree.state.subscribe(() => {
        // As long as the rows are drawn as they were: one that goes takes the focus with it.
        if (hasFocus(tree)) {
          wasInTree.current = true
          // The first row has the focus without being asked; it is to keep it where another becomes the first.
          tree.getFocusedItem().setFocused()
        }
        tree.rebuildTree()
      }),
    [workbench, tree],
  )
  useEffect(() => {
    const before = rows.current
    const now = items.map((item) => item.getId())
    rows.current = now
    const { focusedItem, expandedItems } = tree.getState()
    if (focusedItem !== null) {
      const moved = workbench.tree.afterMoves(focusedItem)
      const isOpen = (folder: string): boolean => expandedItems.includes(folder)
      const next = now.includes(moved) ? moved : focusAfter(focusedItem, { before, now, isOpen })
      if (next !== focusedItem) tree.applySubStateUpdate('focusedItem', next)
    }
    if (wasInTree.current && !hasFocus(tree)) workbench.tree.isFocusWanted.set(true)
    wasInTree.current = false
  }, [workbench, tree, items])
  useEffect(() => {
    if (!isWanted) return
    if (items.length === 0) {
      const { folders } = workbench.tree.state.getSnapshot()
      if (folders.get('')?.entries.length === 0) workbench.tree.isFocusWanted.set(false)
      return
    }
    const item = tree.getFocusedItem()
    const element = item.getElement()
    // A row that was out of view is drawn first.
    if (element == null) return
    workbench.tree.isFocusWanted.set(false)
    tree.getConfig().scrollToItem?.(item)
    element.focus({ preventScroll: true })
  })
}

/** The library moves the focus to the tree after a drop, and after a name was asked for, wherever it is by then. */
export function focusStays(workbench: Workbench): FeatureImplementation<TreeItem> {
  return {
    key: 'focus-stays',
    treeInstance: {
      updateDomFocus: ({ tree }) => {
        if (hasFocus(tree)) workbench.tree.isFocusWanted.set(true)
      },
    },
  }
}

/** The row that Tab goes to. */
export function focusedIndex(tree: TreeInstance<TreeItem>): number {
  const { focusedItem } = tree.getState()
  return focusedItem === null ? 0 : tree.getItemInstance(focusedItem).getItemMeta().index
}

function hasFocus(tree: TreeInstance<TreeItem>): boolean {
  return tree.getElement()?.contains(document.activeElement) === true
}
