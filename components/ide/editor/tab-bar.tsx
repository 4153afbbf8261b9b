'use client'

import { Columns2, SquareStack, X } from 'lucide-react'
import { cx } from '#components/ui/cx.ts'
import { IconButton } from '#components/ui/icon-button.tsx'
import { nameOf } from '#protocol/paths.ts'
import { closeTab, splitRight, stepGroup } from '../stores/tab-actions.ts'
import type { TabGroup } from '../stores/tab-group.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { FileTab } from './file-tab.tsx'
import { useTabDrop } from './use-tab-drop.ts'

interface TabBarProps {
  group: TabGroup
  /** Its place from the left, counted from zero, and how many groups there are. */
  at: number
  of: number
  /** Id of what the tabs show. */
  panel: string
}

/** The open files of a group. */
export function TabBar({ group, at, of, panel }: TabBarProps) {
  const workbench = useWorkbench()
  const { id, tabs, active } = group
  const { activeGroup } = useStore(workbench.tabs.state)
  const unsaved = useStore(workbench.documents.unsaved)
  const [dropBefore, dropHandlers] = useTabDrop(id)
  const isAlone = of === 1
  return (
    <div className="flex h-9 shrink-0 border-b border-line bg-panel">
      <div
        role="tablist"
        aria-label={isAlone ? 'Open files' : `Open files, group ${at + 1} of ${of}`}
        className={cx(
          'flex min-w-0 grow items-stretch overflow-x-auto overflow-y-hidden [scrollbar-width:none]',
          dropBefore === '' && 'bg-hover',
        )}
        {...dropHandlers}
      >
        {tabs.map((tab) => (
          <FileTab
            key={tab.path}
            tab={tab}
            group={id}
            panel={panel}
            isActive={tab.path === active}
            isInFront={id === activeGroup}
            isUnsaved={unsaved.includes(tab.path)}
            isDropBefore={dropBefore === tab.path}
            hint={tabs.some((other) => other.path !== tab.path && nameOf(other.path) === nameOf(tab.path))}
          />
        ))}
      </div>
      {active !== undefined && (
        <div className="flex shrink-0 items-center px-1">
          {!isAlone && (
            <IconButton
              label={`Show group ${((at + 1) % of) + 1} of ${of}`}
              className="md:hidden"
              onClick={() => stepGroup(workbench, 1)}
            >
              <SquareStack aria-hidden />
            </IconButton>
          )}
          {workbench.tabs.canSplit && (
            <IconButton
              label="Split right"
              keys="mod+\"
              className="max-md:hidden"
              onClick={() => splitRight(workbench, { path: active, group: id })}
            >
              <Columns2 aria-hidden />
            </IconButton>
          )}
          <IconButton
            label={`Close ${nameOf(active)}`}
            keys="alt+w"
            onClick={() => void closeTab(workbench, { path: active, group: id })}
          >
            <X aria-hidden />
          </IconButton>
        </div>
      )}
    </div>
  )
}
