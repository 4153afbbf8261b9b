'use client'

import { X } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { ContextMenu, ContextMenuTrigger } from '#components/ui/context-menu.tsx'
import { cx } from '#components/ui/cx.ts'
import { nameOf, parentOf } from '#protocol/paths.ts'
import { FileIcon } from '../files/file-icon.tsx'
import { closeTab } from '../stores/tab-actions.ts'
import type { Tab } from '../stores/tab-group.ts'
import { useWorkbench } from '../use-workbench.tsx'
import { tabPressed } from './tab-keys.ts'
import { TabMenu } from './tab-menu.tsx'

interface FileTabProps {
  tab: Tab
  group: number
  /** Id of what the tab shows. */
  panel: string
  isActive: boolean
  /** Its group is the active one. */
  isInFront: boolean
  isUnsaved: boolean
  /** A dragged tab would come before it. */
  isDropBefore: boolean
  /** Another open file has the same name: its folder is shown. */
  hint: boolean
}

/** The tab of a file. */
export function FileTab({ tab, group, panel, isActive, isInFront, isUnsaved, isDropBefore, hint }: FileTabProps) {
  const workbench = useWorkbench()
  const element = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (isActive) element.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [isActive])
  const name = nameOf(tab.path)
  const close = (): void => void closeTab(workbench, { path: tab.path, group })
  return (
    <ContextMenu>
      <ContextMenuTrigger asChild>
        <div
          ref={element}
          role="presentation"
          draggable
          className={cx(
            'group relative flex shrink-0 items-center border-r border-line',
            isActive
              ? 'bg-canvas text-text after:absolute after:inset-x-0 after:top-0 after:h-0.5'
              : 'text-muted hover:text-text',
            isActive && (isInFront ? 'after:bg-focus' : 'after:bg-line-strong'),
            isDropBefore && 'before:absolute before:inset-y-0 before:left-0 before:w-0.5 before:bg-focus',
          )}
          onDragStart={(event) => {
            // Nobody but the tab bars and the editors takes it: neither the tree nor another program.
            event.dataTransfer.setData('application/x-devex-tab', tab.path)
            event.dataTransfer.effectAllowed = 'move'
            // What is drawn over the editors for it would end the drag if it came now.
            setTimeout(() => workbench.draggedTab.set({ path: tab.path, group }))
          }}
          onDragEnd={() => workbench.draggedTab.set(undefined)}
        >
          <div
            // Not a button: Firefox drags none.
            role="tab"
            id={isActive ? `${panel}-tab` : undefined}
            aria-selected={isActive}
            aria-controls={isActive ? panel : undefined}
            aria-label={isUnsaved ? `${name}, not saved` : name}
            tabIndex={isActive ? 0 : -1}
            title={tab.path}
            className="flex h-full cursor-default items-center gap-2 pl-3 pr-7 -outline-offset-2"
            onClick={() => workbench.tabs.open(tab.path, { isPreview: tab.isPreview, group })}
            onKeyDown={(event) => tabPressed(event, { enter: () => workbench.editor.goTo(tab.path), close })}
            onDoubleClick={() => workbench.tabs.keep(tab.path)}
            onAuxClick={(event) => {
              if (event.button === 1) close()
            }}
          >
            <FileIcon name={name} />
            <span className={cx('max-w-56 truncate', tab.isPreview && 'italic')}>{name}</span>
            {hint && <span className="max-w-32 truncate text-xs text-muted">{parentOf(tab.path)}</span>}
          </div>
          <button
            type="button"
            // A list of tabs may hold tabs only: for keyboards and screen readers there is the button at the end.
            aria-hidden
            tabIndex={-1}
            title={`Close ${name}`}
            className="absolute right-1.5 flex size-5 items-center justify-center rounded-sm hover:bg-selected"
            onClick={close}
          >
            {isUnsaved && <span aria-hidden className="size-2 rounded-full bg-soft group-hover:hidden" />}
            <X
              aria-hidden
              size={14}
              strokeWidth={1.5}
              className={cx(
                isUnsaved && 'hidden group-hover:block',
                !isUnsaved && !isActive && 'opacity-0 group-hover:opacity-100',
              )}
            />
          </button>
        </div>
      </ContextMenuTrigger>
      <TabMenu path={tab.path} group={group} />
    </ContextMenu>
  )
}
