'use client'

import { useState } from 'react'
import type { DragEvent } from 'react'
import { useWorkbench } from '../use-workbench.tsx'

/** Before which tab a dragged one would come, `''` at the end, and what hears of it. */
export function useTabDrop(group: number) {
  const { draggedTab, tabs, editor } = useWorkbench()
  const [before, setBefore] = useState<string>()
  const onDragOver = (event: DragEvent<HTMLElement>): void => {
    if (draggedTab.getSnapshot() === undefined) return
    event.preventDefault()
    event.dataTransfer.dropEffect = 'move'
    setBefore(tabUnder(event)?.title ?? '')
  }
  const onDrop = (event: DragEvent<HTMLElement>): void => {
    const tab = draggedTab.getSnapshot()
    setBefore(undefined)
    if (tab === undefined) return
    event.preventDefault()
    draggedTab.set(undefined)
    tabs.move(tab.path, tab.group, { group, before: tabUnder(event)?.title })
    editor.goTo(tab.path)
  }
  const onDragLeave = (): void => setBefore(undefined)
  return [before, { onDragEnter: onDragOver, onDragOver, onDrop, onDragLeave }] as const
}

/** The first tab whose middle is at the right of the pointer. */
function tabUnder({ currentTarget, clientX }: DragEvent<HTMLElement>): HTMLElement | undefined {
  return [...currentTarget.querySelectorAll<HTMLElement>('[role="tab"]')].find((tab) => {
    const { left, width } = tab.getBoundingClientRect()
    return clientX < left + width / 2
  })
}
