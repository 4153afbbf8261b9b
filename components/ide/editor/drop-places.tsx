'use client'

import { useState } from 'react'
import type { DragEvent } from 'react'
import { cx } from '#components/ui/cx.ts'
import type { TabPlace } from '../stores/tab-actions.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'

/** Over an editor, while a tab is dragged: dropped there the tab joins its group, at the right of it begins a new one. */
export function DropPlaces({ group }: { group: number }) {
  const workbench = useWorkbench()
  const tab = useStore(workbench.draggedTab)
  if (tab === undefined) return null
  const join = (): void => workbench.tabs.move(tab.path, tab.group, { group, before: undefined })
  const split = (): void => workbench.tabs.split(tab.path, tab.group, { rightOf: group, isMove: true })
  return (
    <div className="absolute inset-0 z-10 flex">
      <DropPlace name="join" tab={tab} onTab={join} />
      {workbench.tabs.canSplit && <DropPlace name="split" tab={tab} onTab={split} />}
    </div>
  )
}

interface DropPlaceProps {
  name: 'join' | 'split'
  tab: TabPlace
  onTab: () => void
}

function DropPlace({ name, tab, onTab }: DropPlaceProps) {
  const workbench = useWorkbench()
  const [isOver, setIsOver] = useState(false)
  const allow = (event: DragEvent): void => {
    event.preventDefault()
    event.dataTransfer.dropEffect = 'move'
    setIsOver(true)
  }
  return (
    <div
      data-testid={`drop-${name}`}
      className={cx('flex-1 border-2', isOver ? 'border-focus bg-selected/50' : 'border-transparent')}
      onDragEnter={allow}
      onDragOver={allow}
      onDragLeave={() => setIsOver(false)}
      onDrop={(event) => {
        event.preventDefault()
        workbench.draggedTab.set(undefined)
        onTab()
        workbench.editor.goTo(tab.path)
      }}
    />
  )
}
