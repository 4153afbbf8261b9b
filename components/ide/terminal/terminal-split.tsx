'use client'

import { Fragment } from 'react'
import { Group, Panel } from 'react-resizable-panels'
import { cx } from '#components/ui/cx.ts'
import type { TerminalInfo } from '#protocol/messages.ts'
import { PanelHandle } from '../panel-handle.tsx'
import { TerminalView } from './terminal-view.tsx'
import { useSplitSizes } from './use-split-sizes.ts'

interface TerminalSplitProps {
  /** From the left. */
  terminals: readonly TerminalInfo[]
  activeId: string | undefined
}

/** Terminals side by side, or one alone. They stay mounted while others are shown, so that switching costs nothing. */
export function TerminalSplit({ terminals, activeId }: TerminalSplitProps) {
  const sizes = useSplitSizes(terminals.map(({ id }) => id))
  const isShown = terminals.some(({ id }) => id === activeId)
  return (
    <div aria-hidden={!isShown} className={cx('absolute inset-0', !isShown && 'invisible')}>
      <Group className="h-full" {...sizes}>
        {terminals.map((terminal, at) => (
          <Fragment key={terminal.id}>
            {at > 0 && <PanelHandle label={`Width of terminal ${at}`} isHidden={!isShown} />}
            <Panel id={terminal.id} minSize="10%" className="relative">
              <TerminalView
                info={terminal}
                isShown={isShown}
                isActive={terminal.id === activeId}
                isSplit={terminals.length > 1}
              />
            </Panel>
          </Fragment>
        ))}
      </Group>
    </div>
  )
}
