'use client'

import { useEffect, useRef } from 'react'
import { X } from 'lucide-react'
import {
  ContextMenu,
  ContextMenuContent,
  ContextMenuItem,
  ContextMenuSeparator,
  ContextMenuTrigger,
} from '#components/ui/context-menu.tsx'
import { cx } from '#components/ui/cx.ts'
import { IconButton } from '#components/ui/icon-button.tsx'
import { nameOf, parentOf } from '#protocol/paths.ts'
import { FileIcon } from '../files/file-icon.tsx'
import type { Tab } from '../stores/tabs.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { closeOtherTabs, closeTab, reveal } from '../stores/actions.ts'

/** The open files. */
export function TabBar() {
  const workbench = useWorkbench()
  const { tabs, active } = useStore(workbench.tabs.state)
  const unsaved = useStore(workbench.documents.unsaved)
  return (
    <div className="flex h-9 shrink-0 border-b border-line bg-panel">
      <div
        role="tablist"
        aria-label="Open files"
        className="flex min-w-0 grow items-stretch overflow-x-auto overflow-y-hidden [scrollbar-width:none]"
      >
        {tabs.map((tab) => (
          <FileTab
            key={tab.path}
            tab={tab}
            isActive={tab.path === active}
            isUnsaved={unsaved.includes(tab.path)}
            hint={tabs.some((other) => other.path !== tab.path && nameOf(other.path) === nameOf(tab.path))}
          />
        ))}
      </div>
      {active !== undefined && (
        <IconButton
          label={`Close ${nameOf(active)}`}
          keys="alt+w"
          className="mx-1 self-center"
          onClick={() => void closeTab(workbench, active)}
        >
          <X aria-hidden />
        </IconButton>
      )}
    </div>
  )
}

interface FileTabProps {
  tab: Tab
  isActive: boolean
  isUnsaved: boolean
  /** Another open file has the same name: its folder is shown. */
  hint: boolean
}

function FileTab({ tab, isActive, isUnsaved, hint }: FileTabProps) {
  const workbench = useWorkbench()
  const element = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (isActive) element.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [isActive])
  const name = nameOf(tab.path)
  return (
    <ContextMenu>
      <ContextMenuTrigger asChild>
        <div
          ref={element}
          role="presentation"
          className={cx(
            'group relative flex shrink-0 items-center border-r border-line',
            isActive
              ? 'bg-canvas text-text after:absolute after:inset-x-0 after:top-0 after:h-0.5 after:bg-focus'
              : 'text-muted hover:text-text',
          )}
        >
          <button
            type="button"
            role="tab"
            aria-selected={isActive}
            aria-label={isUnsaved ? `${name}, not saved` : name}
            title={tab.path}
            className="flex h-full items-center gap-2 pl-3 pr-7 -outline-offset-2"
            onClick={() => workbench.tabs.open(tab.path, { isPreview: tab.isPreview })}
            onDoubleClick={() => workbench.tabs.keep(tab.path)}
            onAuxClick={(event) => {
              if (event.button === 1) void closeTab(workbench, tab.path)
            }}
          >
            <FileIcon name={name} />
            <span className={cx('max-w-56 truncate', tab.isPreview && 'italic')}>{name}</span>
            {hint && <span className="max-w-32 truncate text-xs text-muted">{parentOf(tab.path)}</span>}
          </button>
          <button
            type="button"
            // A list of tabs may hold tabs only: for keyboards and screen readers there is the button at the end.
            aria-hidden
            tabIndex={-1}
            title={`Close ${name}`}
            className="absolute right-1.5 flex size-5 items-center justify-center rounded-sm hover:bg-selected"
            onClick={() => void closeTab(workbench, tab.path)}
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
      <TabMenu path={tab.path} />
    </ContextMenu>
  )
}

function TabMenu({ path }: { path: string }) {
  const workbench = useWorkbench()
  return (
    <ContextMenuContent label={`Tab ${nameOf(path)}`}>
      <ContextMenuItem keys="alt+w" onSelect={() => void closeTab(workbench, path)}>
        Close
      </ContextMenuItem>
      <ContextMenuItem onSelect={() => closeOtherTabs(workbench, path)}>Close others</ContextMenuItem>
      <ContextMenuItem keys="alt+shift+t" onSelect={() => void workbench.tabs.reopen()}>
        Reopen closed tab
      </ContextMenuItem>
      <ContextMenuSeparator />
      <ContextMenuItem keys="alt+r" onSelect={() => reveal(workbench, path)}>
        Reveal in files
      </ContextMenuItem>
      <ContextMenuItem onSelect={() => void navigator.clipboard.writeText(path).catch(() => undefined)}>
        Copy path
      </ContextMenuItem>
    </ContextMenuContent>
  )
}
