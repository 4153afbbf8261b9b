'use client'

import { Bot, Cpu, Files, History, Keyboard, Radio, Search } from 'lucide-react'
import { cx } from '#components/ui/cx.ts'
import { IconButton } from '#components/ui/icon-button.tsx'
import { StateDot } from '#components/ui/state-dot.tsx'
import type { SideView } from './stores/layout.ts'
import { useStore, useWorkbench } from './use-workbench.tsx'

const VIEWS = [
  { view: 'files', label: 'Files', icon: Files },
  { view: 'history', label: 'History', icon: History },
  { view: 'agents', label: 'Agents', icon: Bot },
  { view: 'ports', label: 'Ports', icon: Radio },
  { view: 'processes', label: 'Processes', icon: Cpu },
] as const

/** What the side panel shows. The one that is shown hides it. */
export function ActivityRail() {
  const workbench = useWorkbench()
  const { side } = useStore(workbench.memory.layout)
  const { list } = useStore(workbench.terminals.state)
  const isAgentAtWork = list.some(({ kind, exit }) => kind === 'agent' && exit === undefined)
  const toggle = (view: SideView): void => workbench.showSide(side === view ? null : view)
  return (
    <nav
      aria-label="Views"
      className="flex w-11 shrink-0 flex-col items-center gap-1 border-r border-line bg-panel py-1.5"
    >
      {VIEWS.map(({ view, label, icon: Icon }) => (
        <IconButton
          key={view}
          label={label}
          side="right"
          isActive={side === view}
          aria-pressed={side === view}
          className={cx('relative size-8! [&_svg]:size-[18px]!', side === view && 'text-accent-text!')}
          onClick={() => toggle(view)}
        >
          <Icon aria-hidden />
          {/* The terminals say the same in words. */}
          {view === 'agents' && isAgentAtWork && <StateDot tone="busy" className="absolute right-1 top-1" />}
        </IconButton>
      ))}
      <div className="grow" />
      <IconButton
        label="Go to file"
        keys="mod+p"
        side="right"
        className="size-8! [&_svg]:size-[18px]!"
        onClick={() => workbench.overlay.set({ kind: 'quick-open' })}
      >
        <Search aria-hidden />
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
