'use client'

import { useRef } from 'react'
import { ContextMenuContent, ContextMenuItem, ContextMenuSeparator } from '#components/ui/context-menu.tsx'
import { nameOf } from '#protocol/paths.ts'
import { copyOrShow } from '../copy.ts'
import { reveal } from '../stores/actions.ts'
import { canMoveAcross, closeOtherTabs, closeTab, moveAcross, splitRight } from '../stores/tab-actions.ts'
import type { TabPlace } from '../stores/tab-actions.ts'
import { useIsPhone } from '../use-is-phone.ts'
import { useWorkbench } from '../use-workbench.tsx'

/** What can be done with a tab. */
export function TabMenu({ path, group }: TabPlace) {
  const workbench = useWorkbench()
  const tab = { path, group }
  // There is room for one group only.
  const isPhone = useIsPhone()
  // What gives the focus to another group: the menu is not to take it back to where it was before.
  const leaving = useRef<() => void>(undefined)
  return (
    <ContextMenuContent
      label={`Tab ${nameOf(path)}`}
      onCloseAutoFocus={(event) => {
        if (leaving.current === undefined) return
        event.preventDefault()
        leaving.current()
        leaving.current = undefined
      }}
    >
      <ContextMenuItem keys="alt+w" onSelect={() => void closeTab(workbench, tab)}>
        Close
      </ContextMenuItem>
      <ContextMenuItem onSelect={() => closeOtherTabs(workbench, tab)}>Close others</ContextMenuItem>
      <ContextMenuItem keys="alt+shift+t" onSelect={() => void workbench.tabs.reopen()}>
        Reopen closed tab
      </ContextMenuItem>
      {!isPhone && (
        <>
          <ContextMenuSeparator />
          <ContextMenuItem
            keys="mod+\"
            disabled={!workbench.tabs.canSplit}
            onSelect={() => (leaving.current = () => splitRight(workbench, tab))}
          >
            Split right
          </ContextMenuItem>
          <ContextMenuItem
            disabled={!canMoveAcross(workbench, tab, 1)}
            onSelect={() => (leaving.current = () => moveAcross(workbench, tab, 1))}
          >
            Move to the next group
          </ContextMenuItem>
          <ContextMenuItem
            disabled={!canMoveAcross(workbench, tab, -1)}
            onSelect={() => (leaving.current = () => moveAcross(workbench, tab, -1))}
          >
            Move to the previous group
          </ContextMenuItem>
        </>
      )}
      <ContextMenuSeparator />
      <ContextMenuItem keys="alt+r" onSelect={() => reveal(workbench, path)}>
        Reveal in files
      </ContextMenuItem>
      <ContextMenuItem onSelect={() => void copyOrShow(workbench, path)}>Copy path</ContextMenuItem>
    </ContextMenuContent>
  )
}
