'use client'

import { FileSearch, Keyboard } from 'lucide-react'
import { IconButton } from '#components/ui/icon-button.tsx'
import type { SideView } from './stores/layout.ts'
import { useStore, useWorkbench } from './use-workbench.tsx'
import { VIEWS, ViewButton } from './view-button.tsx'

/** What the side panel shows. The one that is shown hides it. */
export function ActivityRail() {
  const workbench = useWorkbench()
  const { side } = useStore(workbench.memory.layout)
  const toggle = (view: SideView): void => workbench.showSide(side === view ? null : view)
  return (
    <nav
      aria-label="Views"
      className="flex w-11 shrink-0 flex-col items-center gap-1 border-r border-line bg-panel py-1.5"
    >
      {VIEWS.map((view) => (
        <ViewButton key={view.view} view={view} side="right" isShown={side === view.view} onPick={toggle} />
      ))}
      <div className="grow" />
      <IconButton
        label="Go to file"
        keys="mod+p"
        side="right"
        className="size-8! [&_svg]:size-[18px]!"
        onClick={() => workbench.overlay.set({ kind: 'quick-open' })}
      >
        <FileSearch aria-hidden />
      </IconButton>
      <IconButton
        label="Keyboard shortcuts"
        keys="?"
        side="right"
        className="size-8! [&_svg]:size-[18px]!"
        onClick={() => workbench.overlay.set({ kind: 'help' })}
      >
        <Keyboard aria-hidden />
      </IconButton>
    </nav>
  )
}
