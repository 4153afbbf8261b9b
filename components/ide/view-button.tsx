'use client'

import { Bot, Cpu, Files, GitCompare, History, Radio, Search } from 'lucide-react'
import { cx } from '#components/ui/cx.ts'
import { IconButton } from '#components/ui/icon-button.tsx'
import type { IconButtonProps } from '#components/ui/icon-button.tsx'
import { StateDot } from '#components/ui/state-dot.tsx'
import type { SideView } from './stores/layout.ts'
import { useStore, useWorkbench } from './use-workbench.tsx'

/** What the side panel can show. */
export const VIEWS = [
  { view: 'files', label: 'Files', keys: 'mod+shift+e', icon: Files },
  { view: 'search', label: 'Search', keys: 'mod+shift+f', icon: Search },
  { view: 'git', label: 'Changes', keys: undefined, icon: GitCompare },
  { view: 'history', label: 'History', keys: undefined, icon: History },
  { view: 'agents', label: 'Agents', keys: undefined, icon: Bot },
  { view: 'ports', label: 'Ports', keys: undefined, icon: Radio },
  { view: 'processes', label: 'Processes', keys: undefined, icon: Cpu },
] as const

interface ViewButtonProps {
  view: (typeof VIEWS)[number]
  isShown: boolean
  /** Of its tooltip. */
  side: IconButtonProps['side']
  onPick: (view: SideView) => void
}

/** Shows one view in the side panel. */
export function ViewButton({ view: { view, label, keys, icon: Icon }, isShown, side, onPick }: ViewButtonProps) {
  const workbench = useWorkbench()
  const { list } = useStore(workbench.terminals.state)
  const isAgentAtWork = list.some(({ kind, exit }) => kind === 'agent' && exit === undefined)
  return (
    <IconButton
      label={label}
      {...(keys !== undefined && { keys })}
      {...(side !== undefined && { side })}
      isActive={isShown}
      aria-pressed={isShown}
      className={cx('relative size-8! [&_svg]:size-[18px]!', isShown && 'text-accent-text!')}
      onClick={() => onPick(view)}
    >
      <Icon aria-hidden />
      {/* The terminals say the same in words. */}
      {view === 'agents' && isAgentAtWork && <StateDot tone="busy" className="absolute right-1 top-1" />}
    </IconButton>
  )
}
