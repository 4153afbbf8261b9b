'use client'

import { TerminalSquare } from 'lucide-react'
import { useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { TerminalTabs } from './terminal-tabs.tsx'
import { TerminalView } from './terminal-view.tsx'
import { newTerminal } from '../stores/actions.ts'

/** The terminals: their tabs, and the one that is looked at. */
export function TerminalPanel() {
  const workbench = useWorkbench()
  const { list, activeId, isKnown } = useStore(workbench.terminals.state)
  // Mounted when first shown, and kept from then on.
  const [seen, setSeen] = useState<ReadonlySet<string>>(new Set())
  if (activeId !== undefined && !seen.has(activeId)) setSeen(new Set(seen).add(activeId))
  return (
    <section aria-label="Terminals" className="flex h-full flex-col bg-canvas">
      <TerminalTabs />
      <div className="relative min-h-0 grow overflow-hidden">
        {list
          .filter((terminal) => seen.has(terminal.id))
          .map((terminal) => (
            <TerminalView key={terminal.id} info={terminal} isShown={terminal.id === activeId} />
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
