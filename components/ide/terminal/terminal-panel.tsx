'use client'

import { TerminalSquare } from 'lucide-react'
import { useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { useIsPhone } from '../use-is-phone.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { TerminalSplit } from './terminal-split.tsx'
import { TerminalTabs } from './terminal-tabs.tsx'
import { newTerminal } from '../stores/actions.ts'

/** The terminals: their tabs, and the one that is looked at with those beside it. A phone shows the one alone. */
export function TerminalPanel() {
  const workbench = useWorkbench()
  const isPhone = useIsPhone()
  const { list, groups, activeId, isKnown } = useStore(workbench.terminals.state)
  const shown = isPhone ? list.map(({ id }) => ({ id, terminals: [id] })) : groups
  // Mounted when first shown, and kept from then on.
  const [seen, setSeen] = useState<ReadonlySet<string>>(new Set())
  const front = shown.find(({ terminals }) => terminals.some((id) => id === activeId))?.id
  if (front !== undefined && !seen.has(front)) setSeen(new Set(seen).add(front))
  return (
    <section aria-label="Terminals" className="flex h-full flex-col bg-canvas">
      <TerminalTabs />
      <div className="relative min-h-0 grow overflow-hidden">
        {shown
          .filter(({ id }) => seen.has(id))
          .map(({ id, terminals }) => (
            <TerminalSplit
              key={id}
              terminals={terminals.flatMap((one) => list.find((info) => info.id === one) ?? [])}
              activeId={activeId}
            />
          ))}
        {isKnown && list.length === 0 && (
          <EmptyState
            className="py-6"
            icon={<TerminalSquare />}
            title="No terminal is open"
            actions={
              workbench.repl.canEdit && (
                <Button variant="primary" onClick={() => newTerminal(workbench)}>
                  Open a terminal
                </Button>
              )
            }
          />
        )}
      </div>
    </section>
  )
}
